@RA-2.1
Feature: A worker dies and stays away
  Its job is in limbo until the dead-job timeout has passed. Then it is finalized as interrupted,
  and run again wherever its event may run.

  @RA-1.1 @RA-1.2 @RA-1.4 @RA-4.3
  Scenario Outline: Another worker of the group takes over
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And the rerun is faithful to the job

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-1.1 @RA-1.2 @RA-1.4
  Scenario Outline: No other worker is there, so the rerun comes when the worker is back
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    When its server comes back
    Then the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-4.6 @needs:hold
  Scenario Outline: A live worker outside the target group gets nothing, and the wait is listed
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the system says that it still owes the job
    And the job runs nowhere
    When its server comes back
    Then the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.1 @RA-7.3 @needs:fencing @partition
  Scenario Outline: A worker that is cut off stops its job before another one starts it
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And its first execution had ended before

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
