@clock
Feature: The servers' clocks differ
  Wall clocks are set by hand, drift, and start wrong after a power cut. A time that one server
  reads is no time of another, so nothing about life and death may be reckoned from it.

  @RA-2.15 @manual
  Scenario Outline: A server whose clock is off keeps its job
    Given the first worker's clock is an hour <off> from the start
    And a primary and two workers
    And an event for the first worker, with Run All on
    And a manual job of it runs
    When as much time passes as a lost server is given
    Then the job goes on undisturbed, and ends well

    Examples:
      | off    |
      | ahead  |
      | behind |

  @RA-2.15 @RA-7.1 @RA-7.3 @needs:fencing @partition @manual
  Scenario Outline: A server whose clock is off is lost like any other, and stops its job before
    Given the first worker's clock is an hour <off> from the start
    And a primary and two workers
    And an event for the first worker, with Run All on
    And a manual job of it runs
    And its event may run anywhere from now on
    When its server is cut off and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And its first execution had ended before

    Examples:
      | off    |
      | ahead  |
      | behind |

  @RA-9.2 @RA-9.1 @needs:failover @manual
  Scenario Outline: A backup whose clock is off takes over in time, and not before
    Given the backup's clock is an hour <off> from the start
    And a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a manual job of it runs
    When as much time passes as a backup waits
    Then the primary still leads
    When the primary is killed, and the backup takes over
    Then the job goes on undisturbed, and ends well

    Examples:
      | off    |
      | ahead  |
      | behind |
