Feature: The primary crashes
  Its local jobs die with it. Jobs on workers go on, and the primary that comes back must tell
  the two apart.

  @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.5 @RA-4.3
  Scenario Outline: The same primary comes back, and its local job is run again
    Given a primary and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    When the primary is killed and comes back
    Then the job ends as interrupted
    And the job is run again, once, on the same server
    And the rerun is faithful to the job

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.11
  Scenario Outline: A job on a worker outlives the crash and is not run again
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is killed and comes back
    And the dead-job timeout has passed for every job that was there
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.4
  Scenario Outline: A job that ends on a worker while the primary is down is told later
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is killed, the job ends, and the primary comes back
    Then the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.11
  Scenario Outline: A job on a worker outlives three crashes in a row
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is killed and comes back three times in a row
    And the dead-job timeout has passed for every job that was there
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.14 @RA-2.1
  Scenario Outline: A worker is lost while the primary crashes again and again
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And the primary is killed and comes back, again and again, for longer than the timeout
    Then its loss was found, although no primary had led for that long
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.14 @needs:failover
  Scenario Outline: A backup goes on with the count of a loss
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And the backup takes over after most of the dead-job timeout has passed
    Then the job ends as interrupted
    When its server comes back
    Then the job is run again, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
