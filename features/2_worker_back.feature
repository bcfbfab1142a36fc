Feature: A worker dies, or is lost from sight, and comes back
  What counts is what the worker brings back: another start of it has lost its jobs, the same
  start may still run them.

  @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.3 @RA-4.3
  Scenario Outline: It is back before the timeout, without the job
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job ends as interrupted
    And the job is run again, once, on the same server
    And the rerun is faithful to the job

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.2 @needs:prompt
  Scenario Outline: Its return is acted on at once, not after the timeout
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job ends as interrupted before the dead-job timeout has passed
    And the job is run again, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-4.5 @needs:lineage
  Scenario Outline: The rerun names what it stands for
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job is run again, once, on the same server
    And the rerun names its root, its predecessor, its number and its cause

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-1.4 @RA-2.1
  Scenario Outline: It is back after the timeout, when the job runs elsewhere
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the job starts again on another server
    When its server comes back
    Then the rerun goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.4 @partition
  Scenario Outline: The link comes back while the job still runs
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off until it is missed, and is in reach again
    And the dead-job timeout has passed for every job that was there
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.4 @RA-3.4 @partition
  Scenario Outline: The job ends while its worker is cut off
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off until it is missed, the job ends, and it is in reach again
    Then the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
