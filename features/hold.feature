Feature: A rerun that cannot start waits, and follows its event
  Between the end of a server and the rerun lies time in which people edit, disable and delete
  events. The rerun goes by the event as it is when it starts.

  @RA-6.4 @RA-4.6 @needs:hold
  Scenario Outline: The event is disabled while its job is in limbo
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And its job is in limbo
    And the event is disabled
    Then the job ends as interrupted
    And the rerun waits for its event
    When the event is enabled
    Then the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.4 @RA-4.6 @needs:hold
  Scenario Outline: The event is disabled while the rerun waits for its server
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    When the event is disabled
    And its server comes back
    Then the rerun waits for its event
    When the event is enabled
    Then the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.3 @RA-8.3 @needs:bounds
  Scenario Outline: The event is deleted while its job is in limbo
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And its job is in limbo
    And the event is deleted
    Then the job ends as interrupted
    And the job is not run again, and the ledger says that its event was deleted

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.3 @RA-8.3 @needs:bounds
  Scenario Outline: The event is deleted and made again while its job is in limbo
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And its job is in limbo
    And the event is deleted
    And an event of the same name is made
    Then the job ends as interrupted
    And the job is not run again, and the ledger says that its event was deleted

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.3 @RA-8.3 @needs:bounds
  Scenario Outline: The event is deleted and made again while its job runs
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the event is deleted
    And an event of the same name is made
    And its server is killed and comes back at once
    Then the job ends as interrupted
    And the job is not run again, and the ledger says that its event was deleted

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.3 @RA-8.3 @needs:bounds @needs:hold
  Scenario Outline: The event is deleted while the rerun waits for its server
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    When the event is deleted
    And its server comes back
    Then the job is not run again, and the ledger says that its event was deleted

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.3 @RA-8.3 @needs:bounds @needs:hold
  Scenario Outline: The event is deleted and made again while the rerun waits for its server
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    When the event is deleted
    And an event of the same name is made
    And its server comes back
    Then the job is not run again, and the ledger says that its event was deleted

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.3 @RA-8.3 @needs:bounds @needs:hold
  Scenario Outline: The job is aborted while the rerun waits for its server
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    When a user asks for the end of the job
    And its server comes back
    Then the job is not run again, and the ledger says that a user aborted it

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-1.3 @needs:limbo
  Scenario Outline: Run All is switched off while its job is in limbo
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job is shown in limbo
    When Run All is switched off
    Then the job ends as interrupted
    And the job was interrupted, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-1.3 @RA-1.1 @RA-1.2 @needs:limbo
  Scenario Outline: Run All is switched on while its job is in limbo
    Given a primary and two workers
    And an event for any worker, with Run All off
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job is shown in limbo
    When Run All is switched on
    Then the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.5
  Scenario Outline: The event is moved to another server while its job is in limbo
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And its job is in limbo
    And the event is moved to the second worker
    And its server comes back
    Then the job is run again, once, on the second worker

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.5 @RA-4.6 @needs:hold
  Scenario Outline: The event is moved to another server while the rerun waits for the first
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    When the event is moved to the second worker
    Then the job is run again, once, on the second worker

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-4.11 @needs:hold
  Scenario Outline: A rerun that waits for a dead server does not hold up another that can start
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    And a <trigger> job of another event, which may run on any worker, runs on the same server
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    And the job of the other event is run again, once, on another server
    When its server comes back
    Then the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-4.8
  Scenario Outline: A rerun has an id, a start time and a server of its own
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job is run again, once, on another server
    And the two attempts differ in id, start time and server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
