@needs:failover
Feature: A backup takes over
  Several servers may be primary, and one of them leads: it holds a lease in a store that they
  share. Whoever takes over knows of every job, because each was recorded before it started.

  @RA-9.2 @RA-9.4 @RA-2.11
  Scenario Outline: The primary dies, and a job on a worker goes on
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is killed, and the backup takes over
    And the dead-job timeout has passed for every job that was there
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.2
  Scenario Outline: A backup waits for the whole life of the lease
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When <part> of the life of a lease passes
    And the primary is killed, and the backup takes over
    Then the backup has not led before the lease could end

    Examples:
      | trigger   | part         |
      | manual    | no part      |
      | scheduled | a fifth      |
      | manual    | two fifths   |
      | scheduled | three fifths |

  @RA-9.5 @RA-1.1 @RA-1.2 @RA-4.3
  Scenario Outline: The dead primary's local job is recovered by the backup
    Given a primary, a backup and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    And its event may run anywhere from now on
    When the primary is killed, and the backup takes over
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And the rerun is faithful to the job

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.7 @RA-2.8
  Scenario Outline: A clean stop hands over without the wait for the lease
    Given a primary, a backup and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    And its event may run anywhere from now on
    When the primary is stopped cleanly and stays away
    Then the backup leads before the lease would have ended
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.6 @RA-9.1
  Scenario Outline: The old primary comes back as a worker and starts nothing of its own
    Given a primary, a backup and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    And its event may run anywhere from now on
    When the primary is killed, and the backup takes over
    Then the job starts again on another server
    When the old primary comes back
    Then the backup still leads, with the old primary as a worker
    And the rerun goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.1 @RA-9.3 @RA-7.2 @pause
  Scenario Outline: A primary that was frozen for longer than its lease commands nobody
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is frozen, and the backup takes over
    And the frozen primary wakes
    Then the backup still leads, with the old primary as a worker
    And the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.3 @pause
  Scenario Outline: A primary that wakes shows nothing of what it knew
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is frozen, and the backup takes over
    And the job ends
    And the frozen primary wakes, and is asked at once
    Then it has shown nothing that is over

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-9.5 @RA-7.3 @partition @netstore
  Scenario Outline: A primary that is cut off stops its local job before the backup runs it again
    Given a primary, a backup and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    And its event may run anywhere from now on
    When the primary is cut off, and the backup takes over
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And its first execution had ended before

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
