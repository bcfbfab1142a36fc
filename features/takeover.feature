@needs:failover
Feature: Whoever takes over carries everything on
  A takeover changes who decides, and nothing else. Whatever could wait, run or bind before it does
  so after it; that holds for the second takeover too, and when the first server leads again.

  @RA-9.8 @RA-5.4 @RA-5.2 @scheduled @needs:slots
  Scenario Outline: The schedule goes on, and the minutes without a primary are served
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on
    And it is due every minute, by the clock of another time zone
    When the lead passes <way>
    Then every minute is served, once, oldest first, those without a primary too

    Examples:
      | others      | way                  |
      | a backup    | once                 |
      | two backups | twice                |
      | a backup    | there and back       |
      | a backup    | once by a clean stop |

  @RA-9.8 @RA-5.7 @RA-5.6 @scheduled @needs:slots
  Scenario Outline: The schedule goes on, and what its event says of missed minutes is heeded
    Given a primary, <others> and one worker
    And an event for any worker, with Run All <terms>
    And it is due every minute, by the clock of another time zone
    When the lead passes <way>
    Then no minute is served late, and the minutes to come are served

    Examples:
      | terms                                | others      | way            |
      | off                                  | a backup    | once           |
      | on and the last missed minute wanted | a backup    | once           |
      | on and the last missed minute wanted | two backups | twice          |
      | off                                  | a backup    | there and back |

  @RA-9.8 @RA-5.14 @scheduled @needs:slots
  Scenario: What was owed before an edit of the timing
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    When the first worker is killed and stays away
    And the event is due in six minutes, which pass unserved
    And the event gets another timing, of minutes just past and of minutes to come
    And the lead passes once
    And the first worker comes back
    Then each of the six is served, once, oldest first
    And of the new timing those to come are served, and none that had begun

  @RA-9.8 @RA-5.15 @RA-5.4 @scheduled @needs:slots
  Scenario: The minutes of a pause that goes on
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And it is due in six minutes to come
    When the event is disabled
    And the lead passes once
    And all of its minutes have passed
    And a user edits the event
    And the event is enabled
    Then each of the six is served, once, oldest first

  @RA-9.8 @RA-9.3 @RA-5.1 @pause @scheduled @needs:slots
  Scenario Outline: A primary that was frozen through the takeover serves no minute on its own
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And it is due every minute, by the clock of another time zone
    When the lead passes <way>
    Then every minute is served, once, oldest first, those without a primary too

    Examples:
      | way                                            |
      | once by a freeze, and the frozen primary wakes |
      | by a freeze, and back to the one that woke     |

  @RA-9.9 @RA-6.6 @manual
  Scenario Outline: Manual runs that wait in the queue keep their places
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on, with room for one job and a queue of twelve
    And a manual job of it runs
    And twelve manual runs of it wait in the queue
    When the lead passes <way>
    Then another manual run is refused, for the queue is full
    And the twelve runs start in the order in which they were accepted

    Examples:
      | others      | way                  |
      | a backup    | once                 |
      | two backups | twice                |
      | a backup    | there and back       |
      | a backup    | once by a clean stop |

  @RA-9.9 @RA-9.3 @RA-6.6 @pause @manual
  Scenario Outline: A primary that was frozen through the takeover knows the queue as it is since
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on, with room for one job and a queue of twelve
    And a manual job of it runs
    And twelve manual runs of it wait in the queue
    When the lead passes <way>
    Then another manual run is refused, for the queue is full
    And the twelve runs start in the order in which they were accepted

    Examples:
      | way                                            |
      | once by a freeze, and the frozen primary wakes |
      | by a freeze, and back to the one that woke     |

  @RA-9.9 @RA-12.2 @manual
  Scenario: A run that was accepted by a primary that died at once
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    When a run of it is accepted, and the primary is killed at once
    And another server leads
    Then the accepted run has ended well, once

  @RA-9.9 @RA-4.6 @RA-4.3 @needs:hold
  Scenario Outline: A rerun that waits for its server
    Given a primary, <others> and one worker
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    When the lead passes <way>
    And its server comes back
    Then the job is run again, once, on the same server
    And the rerun is faithful to the job

    Examples:
      | trigger   | others      | way                  |
      | manual    | a backup    | once                 |
      | scheduled | a backup    | once                 |
      | manual    | two backups | twice                |
      | scheduled | two backups | twice                |
      | manual    | a backup    | there and back       |
      | scheduled | a backup    | there and back       |
      | manual    | a backup    | once by a clean stop |

  @RA-9.9 @RA-9.10 @RA-6.4 @needs:hold
  Scenario Outline: A rerun that waits for its event, which is disabled
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And the event is disabled
    Then the job ends as interrupted
    When the lead passes <way>
    And its server comes back
    Then the rerun waits for its event
    When the event is enabled
    Then the job is run again, once, on the same server

    Examples:
      | trigger   | others      | way            |
      | manual    | a backup    | once           |
      | scheduled | two backups | twice          |
      | manual    | a backup    | there and back |

  @RA-9.9 @RA-11.1 @RA-11.2
  Scenario Outline: A retry that waits for its delay
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on and one more try, long after a failure
    And a <trigger> job of it runs that is going to fail
    When the job ends
    And the lead passes <way>
    Then the job is tried again when its delay is over, and no sooner

    Examples:
      | trigger   | others      | way                  |
      | manual    | a backup    | once                 |
      | scheduled | a backup    | once                 |
      | manual    | two backups | twice                |
      | scheduled | a backup    | there and back       |
      | manual    | a backup    | once by a clean stop |

  @RA-9.10 @RA-2.6
  Scenario Outline: A time limit that has begun
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on and a long time limit
    And a <trigger> job of it runs
    When the lead passes <way>
    Then the job is ended when its own time is over, and no sooner

    Examples:
      | trigger   | others      | way                  |
      | manual    | a backup    | once                 |
      | scheduled | a backup    | once                 |
      | manual    | two backups | twice                |
      | scheduled | a backup    | there and back       |
      | manual    | a backup    | once by a clean stop |

  @RA-9.10 @RA-11.4 @RA-2.6
  Scenario Outline: A stop for the time limit that is under way
    Given a primary, a backup and one worker
    And an event for the primary, with Run All on and a time limit
    And a <trigger> job of it runs that ignores SIGTERM
    And its event may run anywhere from now on
    When the job is being stopped for its time limit
    And the lead passes <way>
    Then the job counts as timed out, and is not run again

    Examples:
      | trigger   | way            |
      | manual    | once           |
      | scheduled | there and back |

  @RA-9.10 @RA-3.3
  Scenario Outline: An abort that was answered just before the primary died with the job
    Given a primary, <others> and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    And its event may run anywhere from now on
    When a user asks for the end of the job
    And the lead passes <way>
    Then the job was aborted, and is not run again

    Examples:
      | trigger   | others      | way            |
      | manual    | a backup    | once           |
      | scheduled | a backup    | once           |
      | manual    | two backups | twice          |
      | scheduled | a backup    | there and back |

  @RA-9.10 @RA-3.3 @needs:limbo
  Scenario Outline: An abort of a job in limbo
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job is shown in limbo
    When a user asks for the end of the job
    And the lead passes <way>
    And its server comes back
    Then the job was aborted, and is not run again

    Examples:
      | trigger   | others      | way            |
      | manual    | a backup    | once           |
      | scheduled | two backups | twice          |
      | manual    | a backup    | there and back |

  @RA-9.10 @RA-6.1
  Scenario Outline: The limit of an event, and the job that takes up its place
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on, with room for one job
    And a <trigger> job of it runs
    When the lead passes <way>
    Then a manual run of it is refused, for there is no room
    And the job goes on undisturbed, and ends well

    Examples:
      | trigger   | others      | way                  |
      | manual    | a backup    | once                 |
      | scheduled | two backups | twice                |
      | manual    | a backup    | there and back       |
      | manual    | a backup    | once by a clean stop |

  @RA-9.10 @RA-6.2 @RA-10.1 @needs:limbo
  Scenario Outline: The limit of an event, and the job of the dead primary that is in limbo
    Given a primary, a backup and one worker
    And an event for the primary, with Run All on, with room for one job
    And a <trigger> job of it runs
    And its event may run anywhere from now on
    When the lead passes once
    Then the job is shown in limbo
    And a manual run of its event is refused, for the limit is reached
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.10 @RA-8.1 @RA-8.3 @needs:bounds
  Scenario Outline: How often servers have taken the job down
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on, to be run again once at most
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    When the lead passes <way>
    And its server is killed and comes back at once
    Then the job is not run again, and the ledger says that servers took it down too often

    Examples:
      | trigger   | others      | way            |
      | manual    | a backup    | once           |
      | scheduled | two backups | twice          |
      | manual    | a backup    | there and back |

  @RA-9.10 @RA-8.2 @RA-8.3 @needs:bounds @needs:hold
  Scenario Outline: How long ago the job was lost
    Given a primary, <others> and one worker
    And an event for the first worker, with Run All on, worth nothing soon after the dead-job timeout
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    When the lead passes <way>
    And its server comes back after the job has lost its worth
    Then the job is not run again, and the ledger says that it was lost too long ago

    Examples:
      | trigger   | others   | way            |
      | manual    | a backup | once           |
      | scheduled | a backup | there and back |

  @RA-9.10 @RA-6.3 @RA-8.3 @needs:bounds
  Scenario Outline: The end of an event that was deleted
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And the event is deleted
    And the lead passes <way>
    And its server comes back
    Then the job is not run again, and the ledger says that its event was deleted

    Examples:
      | trigger   | others      | way   |
      | manual    | a backup    | once  |
      | scheduled | two backups | twice |

  @RA-9.10 @RA-6.3 @RA-8.3 @needs:bounds
  Scenario Outline: The end of an event that was deleted, and made again
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the event is deleted
    And an event of the same name is made
    And the lead passes once
    And its server is killed and comes back at once
    Then the job is not run again, and the ledger says that its event was deleted

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.10 @RA-1.3 @RA-8.3 @needs:bounds
  Scenario Outline: An event for which Run All was turned off
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    And Run All is turned off for its event
    When the lead passes <way>
    And its server is killed and comes back at once
    Then the job is not run again, and the ledger says that Run All is off

    Examples:
      | trigger   | others   | way            |
      | manual    | a backup | once           |
      | scheduled | a backup | there and back |

  @RA-9.10 @RA-8.4 @RA-4.5 @needs:bounds @needs:lineage
  Scenario Outline: The ledger and the lineage of a job that is lost before and after
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    When the lead passes <way>
    And its server is killed and comes back at once
    Then the job starts again
    And the ledger is what it was, line for line, and tells of each interruption once
    And each rerun names its root, its predecessor, its number and its cause
    And the try ends well, after three executions

    Examples:
      | trigger   | others      | way                  |
      | manual    | a backup    | once                 |
      | scheduled | a backup    | once                 |
      | manual    | two backups | twice                |
      | scheduled | a backup    | there and back       |
      | manual    | a backup    | once by a clean stop |

  @RA-9.4 @RA-2.14 @partition
  Scenario Outline: A worker that was missed once, long ago
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off until it is missed, and is in reach again
    And as much time passes as a lost server is given
    And the lead passes once
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.4 @RA-3.4 @RA-2.7
  Scenario Outline: A job that ends while nobody leads
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is killed, the job ends, and another server leads
    Then the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.4 @RA-9.4
  Scenario Outline: A job that had ended before, of an event that is not due
    Given a primary, <others> and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the job ends
    And the lead passes <way>
    Then the job has ended well, and is not run again

    Examples:
      | trigger   | others      | way                  |
      | manual    | a backup    | once                 |
      | scheduled | two backups | twice                |
      | manual    | a backup    | there and back       |
      | scheduled | a backup    | once by a clean stop |
