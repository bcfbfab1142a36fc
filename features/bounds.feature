Feature: Reruns have bounds, and the ledger says what was done and why
  A job that takes its server down must not take down one server after the other, and Monday's
  work must not start on Wednesday. What is refused is told with its reason.

  @RA-8.1 @RA-8.3 @needs:bounds
  Scenario Outline: A job that is lost again after its last rerun is given up
    Given a primary and one worker
    And an event for any worker, with Run All on, to be run again once at most
    And a <trigger> job of it runs
    When its server is killed and comes back, each time that the job starts
    Then the job is not run again, and the ledger says that servers took it down too often

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-8.1 @RA-8.3 @needs:bounds @manual
  Scenario: A job that kills its server is stopped, and other work goes on
    Given a primary and one worker
    And an event for any worker, with Run All on, to be run again twice at most
    And a manual job of it runs
    When its server is killed and comes back, each time that the job starts
    Then the job is not run again, and the ledger says that servers took it down too often
    And its server takes other work

  @RA-8.2 @RA-8.3 @needs:bounds @needs:hold
  Scenario Outline: A rerun that waited for too long is given up before its server returns
    Given a primary and two workers
    And an event for the first worker, with Run All on, worth nothing soon after the dead-job timeout
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    When its server comes back after the job has lost its worth
    Then the job is not run again, and the ledger says that it was lost too long ago

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-8.2 @RA-8.3 @needs:bounds
  Scenario Outline: An outage of the primary counts when the age of a lost job is judged
    Given a primary and one worker
    And an event for any worker, with Run All on, worth nothing after two seconds
    And a <trigger> job of it runs
    When all servers are killed, and come back after the job has lost its worth
    Then the job is not run again, and the ledger says that it was lost too long ago

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-8.2 @RA-8.3 @needs:bounds
  Scenario Outline: A loss gets no younger because the primary dies as well
    Given a primary and one worker
    And an event for any worker, with Run All on, worth nothing after two seconds
    And a <trigger> job of it runs
    When its server is killed and stays away
    And the primary is killed and comes back, shortly before the job is given up
    Then the job is not run again, and the ledger says that it was lost too long ago

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-8.3 @RA-8.4 @RA-1.3 @needs:bounds
  Scenario Outline: With Run All off the ledger says why nothing follows
    Given a primary and one worker
    And an event for any worker, with Run All off
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job is not run again, and the ledger says that Run All is off

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-8.4 @needs:bounds
  Scenario Outline: An interruption is in the ledger with what was done about it
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job is run again, once, on the same server
    And the ledger tells of the interruption, what was done, and by which clause

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-8.4 @needs:bounds
  Scenario Outline: A job that is lost twice is in the ledger twice
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    When its server is killed and comes back at once
    Then the job starts again
    And the ledger tells of both interruptions, what was done, and by which clause

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-8.5 @RA-1.1 @needs:bounds @manual
  Scenario: A server is lost with 8 jobs, and their reruns are spread
    Given a primary and two workers
    And an event for any server, with Run All on and room for many jobs
    And 8 manual jobs of it run on the first worker
    When its server is killed and stays away
    Then each of them is run again, once, in their order and spread over time

  @RA-8.5 @RA-1.1 @needs:bounds @manual
  Scenario: A server is lost with 200 jobs, and their reruns are spread
    Given a primary and two workers
    And an event for any server, with Run All on and room for many jobs
    And 200 manual jobs of it run on the first worker
    When its server is killed and stays away
    Then each of them is run again, once, in their order and spread over time

  @RA-8.5 @RA-6.1 @needs:bounds @needs:hold @manual
  Scenario: 12 reruns wait for their server, and keep their order over a crash of the primary
    Given a primary and two workers
    And an event for the first worker, with Run All on and room for many jobs
    And 12 manual jobs of it run on the first worker
    When its server is killed and stays away
    Then the job ends as interrupted
    When the limit of the event is set to three
    And the primary dies too, and comes back
    And its server comes back
    Then the first three of them run again, and the others wait
    And each of them is run again, once, in their order

  @RA-8.5 @RA-6.1 @needs:bounds @needs:hold @manual
  Scenario: A server is lost with 6 jobs, and their reruns keep within a limit that was lowered
    Given a primary and two workers
    And an event for any server, with Run All on and room for many jobs
    And 6 manual jobs of it run on the first worker
    When its server is killed and stays away
    And the limit of the event is set to three
    Then the first three of them run again, and the others wait
    And each of them is run again, once, in their order
