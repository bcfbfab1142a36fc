Feature: Days and hundreds are no other matter than minutes and a few
  A limit that nobody wrote down shows only when there is much: an outage of days, hundreds of
  minutes that nobody served, hundreds of jobs that wait.

  @RA-5.4 @RA-5.1 @RA-5.2 @needs:slots @scheduled
  Scenario: Forty minutes are missed in one outage
    Given a primary and one worker
    And an event for any worker, with Run All on
    And it is due every minute
    When the primary is killed, and comes back after 40 minutes
    Then each of its minutes is served, once, oldest first

  @RA-5.4 @RA-5.1 @RA-5.2 @needs:slots @clock @scheduled
  Scenario: Hundreds of minutes are missed in an outage of two days
    Given a primary and one worker
    And an event for any worker, with Run All on
    And it is due every ten minutes
    When the primary is killed, and comes back when two days have passed by its clock
    Then each of its minutes is served, once, oldest first

  @RA-9.9 @RA-8.5 @RA-1.1 @needs:failover @needs:hold @needs:bounds @manual
  Scenario: Twelve jobs wait for their server through a takeover
    Given a primary, a backup and one worker
    And an event for the first worker, with Run All on and room for many jobs
    And 12 manual jobs of it run on the first worker
    When its server is killed and stays away
    And the dead-job timeout has passed for every job that was there
    And the lead passes once
    And its server comes back
    Then each of them is run again, once, in their order

  @RA-9.9 @RA-8.5 @RA-1.1 @needs:failover @needs:hold @needs:bounds @manual
  Scenario: Two hundred jobs wait for their server through a takeover
    Given a primary, a backup and one worker
    And an event for the first worker, with Run All on and room for many jobs
    And 200 manual jobs of it run on the first worker
    When its server is killed and stays away
    And the dead-job timeout has passed for every job that was there
    And the lead passes once
    And its server comes back
    Then each of them is run again, once, in their order
