Feature: A worker is restarted cleanly
  A clean stop ends the worker's jobs, and the primary is told so. That is an interruption like
  any other, unless the job completed on its way out.

  @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.8 @RA-4.3
  Scenario Outline: Its job is run again by another worker
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is stopped cleanly and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And the rerun is faithful to the job

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.8
  Scenario Outline: Its job is run again by itself after its return
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is stopped cleanly and comes back
    Then the job ends as interrupted
    And the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.9 @RA-3.4
  Scenario Outline: A job that completes while its worker drains is a completion
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that finishes its work on SIGTERM
    When its server is stopped cleanly and comes back
    Then the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
