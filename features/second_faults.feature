Feature: A second fault inside the first
  Failures come in company: whoever stops a server slowly is killed in the end, and a primary that
  crashes once will crash again. What holds for the first fault holds for the second, too.

  @RA-2.1 @RA-1.1 @RA-1.2 @RA-1.4
  Scenario Outline: A worker is killed in the middle of its clean stop
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When its server is killed in the middle of its clean stop, and <then>
    Then the job ends as interrupted
    And the job is run again, once

    Examples:
      | trigger   | then       |
      | manual    | stays away |
      | scheduled | stays away |
      | manual    | comes back |
      | scheduled | comes back |

  @RA-2.5 @RA-1.1 @RA-1.2 @RA-1.4
  Scenario Outline: A primary is killed in the middle of its clean stop, with a job of its own
    Given a primary and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When its server is killed in the middle of its clean stop, and comes back
    Then the job ends as interrupted
    And the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.5 @RA-1.1 @RA-1.2 @RA-1.4 @needs:failover
  Scenario Outline: A primary is killed in the middle of its clean stop, and a backup takes over
    Given a primary, a backup and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    And its event may run anywhere from now on
    When the primary is killed in the middle of its clean stop, and another server leads
    Then the job ends as interrupted
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.11 @pause
  Scenario Outline: A primary is killed while it is frozen, and a job on a worker goes on
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is frozen for a while, is killed in its sleep and comes back
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.5 @RA-1.1 @RA-1.2 @RA-1.4 @pause
  Scenario Outline: A primary is killed while it is frozen, with a job of its own
    Given a primary and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    When the primary is frozen for a while, is killed in its sleep and comes back
    Then the job ends as interrupted
    And the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.1 @RA-12.1 @RA-1.1 @RA-1.2 @RA-1.4
  Scenario Outline: A worker and the primary die at once
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server and the primary are killed at once, and the primary comes back
    Then the job ends as interrupted
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.5 @RA-1.1 @RA-1.2 @RA-1.4 @needs:failover
  Scenario Outline: A worker and the primary die at once, and a backup takes over
    Given a primary, a backup and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server and the primary are killed at once, and another server leads
    Then the job ends as interrupted
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.5 @RA-9.2 @RA-1.1 @RA-1.2 @RA-1.4 @needs:failover
  Scenario Outline: Whoever takes over dies as soon as it leads
    Given a primary, two backups and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    And its event may run anywhere from now on
    When the lead passes twice, the second time at once
    Then the job ends as interrupted
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.5 @RA-12.1 @failpoint @pause @needs:failover
  Scenario Outline: A backup crashes inside its takeover
    Given a primary, two backups and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    And its event may run anywhere from now on
    When the primary is killed, and the first to take over crashes <point> of its takeover
    And another server leads
    Then the job is run again until it has ended well, once for each interruption

    Examples:
      | trigger   | point           |
      | manual    | before commit 1 |
      | scheduled | after commit 1  |
      | manual    | after commit 2  |
      | scheduled | after commit 3  |

  @RA-8.5 @RA-12.1 @RA-1.1 @needs:bounds @manual
  Scenario: The primary dies while the reruns of a lost worker are being spread
    Given a primary and two workers
    And an event for any worker, with Run All on and room for many jobs
    And 8 manual jobs of it run on the first worker
    When its server is killed and stays away
    And the primary dies after the first three reruns, and comes back
    Then each of them is run again, once, in their order

  @RA-9.9 @RA-8.5 @RA-1.1 @needs:bounds @needs:failover @manual
  Scenario: A backup takes over while the reruns of a lost worker are being spread
    Given a primary, a backup and two workers
    And an event for any worker, with Run All on and room for many jobs
    And 12 manual jobs of it run on the first worker
    When its server is killed and stays away
    And the primary dies after the first three reruns, and another server leads
    Then each of them is run again, once, in their order

  @RA-2.12 @RA-1.1 @RA-1.4 @partition @manual
  Scenario: A worker that was cut off, and was back, is cut off once more
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a manual job of it runs
    When its server is cut off until it is missed, and is in reach again
    And as much time passes as a lost server is given
    And its server is cut off and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server

  @RA-4.6 @RA-6.4 @RA-1.4 @needs:hold
  Scenario Outline: A worker is lost again while its rerun is held
    Given a primary and one worker
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    When the event is disabled
    And its server comes back
    Then the rerun waits for its event
    When its server is killed and stays away
    And the dead-job timeout has passed for every job that was there
    Then the system says that it still owes the job
    When the event is enabled
    And its server comes back
    Then the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-1.1 @RA-1.2 @RA-1.4 @RA-4.3 @RA-4.5 @RA-8.4 @needs:bounds @needs:lineage
  Scenario Outline: A rerun is interrupted too, and is run again as the job was
    Given a primary and one worker
    And an event for <where>, with Run All on and no bounds
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    When <again>
    Then the job starts again
    When its server is killed and comes back at once
    Then the job starts again
    And each rerun is faithful to the job
    And each rerun names its root, its predecessor, its number and its cause
    And the ledger tells of each interruption once
    And the try ends well, after four executions

    Examples:
      | trigger   | where       | again                                          |
      | manual    | any worker  | its server is killed and comes back at once    |
      | scheduled | any worker  | its server is killed and comes back at once    |
      | manual    | any worker  | its server is stopped cleanly, and comes back  |
      | scheduled | any worker  | its server is stopped cleanly, and comes back  |
      | manual    | the primary | its server is killed and comes back at once    |
      | scheduled | the primary | its server is stopped cleanly, and comes back  |

  @RA-3.3 @RA-3.7
  Scenario Outline: A user aborts the rerun, and its server dies before that is done
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When its server is killed and comes back at once
    Then the job starts again
    When a user asks for the end of the rerun
    And its server is killed and comes back at once
    Then the rerun was aborted, and nothing follows

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.3
  Scenario Outline: A user asks twice for the end of a job, and its server dies twice
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When a user asks for the end of the job, and asks once more
    And its server is killed and comes back at once
    And its server is killed and comes back at once
    Then the job was aborted, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
