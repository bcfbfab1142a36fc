Feature: The primary is restarted cleanly
  It ends its local jobs, records their fate, and launches nothing more. After its return the
  jobs that it had to end are run again.

  @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.8 @RA-4.3
  Scenario Outline: Its local job is run again after its return
    Given a primary and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    When the primary is stopped cleanly and comes back
    Then the job ends as interrupted
    And the job is run again, once, on the same server
    And the rerun is faithful to the job

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-4.4
  Scenario Outline: Nothing is launched by a primary that is going down
    Given a primary and one worker
    And an event for any server, with Run All on
    And another event for any worker, due every minute
    And a <trigger> job of the first event runs on the primary, and ignores SIGTERM
    When the primary is stopped cleanly and comes back
    Then the job is run again, once
    And nothing was launched while the primary was going down

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.11
  Scenario Outline: A job on a worker outlives the restart and is not run again
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is stopped cleanly and comes back
    And the dead-job timeout has passed for every job that was there
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
