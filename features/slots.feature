@scheduled
Feature: The schedule is served, whatever was down
  An event says what becomes of minutes that nobody served: all, the last or none of them are
  served later. A minute that was interrupted is another matter: it alone is run again.

  @RA-5.4
  Scenario Outline: Every minute that an outage of the primary swallowed is served later
    Given a primary and one worker
    And an event for any worker, with Run All on
    And it is due in six minutes to come
    When the first is served, and the primary is <gone> until all have passed
    Then each of the six is served

    Examples:
      | gone            |
      | killed          |
      | stopped cleanly |

  @RA-5.1 @RA-5.2 @needs:slots
  Scenario Outline: What is owed is served once, oldest first
    Given a primary and one worker
    And an event for any worker, with Run All on
    And it is due in six minutes to come
    When the first is served, and the primary is <gone> until all have passed
    Then each of the six is served, once, oldest first

    Examples:
      | gone            |
      | killed          |
      | stopped cleanly |

  @RA-5.6 @needs:slots
  Scenario Outline: An event that wants the last missed minute only
    Given a primary and one worker
    And an event for any worker, with Run All on and the last missed minute wanted
    And it is due in six minutes to come
    When the first is served, and the primary is <gone> until all have passed
    Then of those that were missed the last is served, and no other

    Examples:
      | gone            |
      | killed          |
      | stopped cleanly |

  @RA-5.7
  Scenario Outline: With Run All off nothing that was missed is served
    Given a primary and one worker
    And an event for any worker, with Run All off
    And it is due in six minutes to come
    When the first is served, and the primary is <gone> until all have passed
    Then none of those that were missed is served

    Examples:
      | gone            |
      | killed          |
      | stopped cleanly |

  @RA-1.2 @RA-4.2 @needs:slots
  Scenario: An event that wants no missed minute still gets its interrupted one
    Given a primary and one worker
    And an event for the primary, with Run All on and no missed minute wanted
    And a scheduled job of it runs
    And it is due in six minutes to come
    When the primary is killed until all have passed
    Then none of those that were missed is served
    And the job is run again, once, on the same server

  @RA-5.5 @needs:slots
  Scenario Outline: A missed minute that is too old is not served
    Given a primary and one worker
    And an event for any worker, with Run All on and missed minutes wanted for 20 minutes
    And it is due in seven minutes to come, four apart
    When the primary is <gone> until all have passed
    Then those that are not too old are served, and no other

    Examples:
      | gone            |
      | killed          |
      | stopped cleanly |

  @RA-4.2 @RA-5.1 @needs:slots
  Scenario: An interrupted minute among served ones is reopened, and nothing else
    Given a primary and two workers
    And an event for the first worker, with Run All on and room for many jobs
    And a scheduled job of it runs
    And two slots of it have been served since
    When its server is killed and stays away
    Then the job ends as interrupted
    And its own slot is owed again, and the cursor has stayed
    When its server comes back
    Then the job is run again, once, on the same server
    And no slot has been served twice

  @RA-5.4 @needs:slots
  Scenario: What one event is owed holds up no other
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a scheduled job of it runs
    And another event is due every minute, with Run All on
    When its server is killed and stays away
    Then the job ends as interrupted
    When the event is due in six minutes, which pass unserved
    Then the other event was served in all of them
    When its server comes back
    Then the job is run again, once, on the same server

  @RA-5.1 @RA-5.2 @needs:slots
  Scenario: Several interrupted minutes are served again, oldest first
    Given a primary and one worker
    And an event for any worker, with Run All on and room for many jobs
    And jobs of three minutes of it run
    And from now on it runs one job at a time
    When its server is killed and comes back at once
    Then the three are run again, once each, oldest first

  @RA-5.3 @needs:slots
  Scenario: An edit does not move the cursor
    Given a primary and one worker
    And an event for any worker, with Run All on
    When the first worker is killed and stays away
    And the event is due in six minutes, which pass unserved
    And a user edits the event
    Then the cursor has not moved
    When the first worker comes back
    Then each of the six is served, once, oldest first

  @RA-5.8 @RA-12.2 @needs:slots
  Scenario: A manual run moves no cursor
    Given a primary and one worker
    And an event for any worker, with Run All on and a queue for one manual run
    And a manual job of it runs
    And the event is due in six minutes, which pass unserved
    When a user runs the event once more, and the run waits in the queue
    And the primary is killed and comes back
    Then the cursor has not moved
    When the job ends
    Then the run that waited has ended well
    And each of the six is served, once, oldest first

  @RA-5.8 @RA-5.4 @needs:slots
  Scenario Outline: A manual run skips no minute to come
    Given a primary and one worker
    And an event for any worker, with Run All on and room for many jobs
    And it is due in six minutes to come
    When a user runs the event <when>
    Then each of the six is served, on time or later

    Examples:
      | trigger | when                       |
      | manual  | before the first of them   |
      | manual  | after the first of them    |
      | manual  | once each minute till then |

  @RA-5.12
  Scenario Outline: Days and weekdays must both match
    Given a primary and one worker
    And an event for any worker, with Run All on
    And it is due in six minutes to come, on this day of the month but on another weekday
    And an event with the right weekday is due in the same minutes
    And events of another hour, day, month and year are due in the same minutes
    When the primary is <gone> until all have passed
    Then each of the six is served, on the right weekday only

    Examples:
      | gone            |
      | killed          |
      | stopped cleanly |

  @RA-5.9 @needs:slots @clock
  Scenario: A local time that is skipped in spring is not served
    Given a primary and one worker
    And the clock is set to shortly before an hour is skipped in Europe/Berlin
    And an event for any worker, with Run All on
    And it is due at 02:30 there on Sundays
    And another event is due at 03:30 there
    When the other event has been served
    Then the event has not been served

  @RA-5.9 @needs:slots @clock
  Scenario: A local time that is repeated in autumn is served twice
    Given a primary and one worker
    And the clock is set to shortly before an hour is repeated in Europe/Berlin
    And an event for any worker, with Run All on
    And it is due at 02:30 there on Sundays
    And another event is due at 03:30 there
    When the other event has been served
    Then the event has been served twice, an hour apart

  @RA-5.9 @needs:slots @clock
  Scenario: Half an hour that is repeated in autumn
    Given a primary and one worker
    And the clock is set to shortly before an hour is repeated in Australia/Lord_Howe
    And an event for any worker, with Run All on
    And it is due at 01:45 there on Sundays
    And another event is due at 02:45 there
    When the other event has been served
    Then the event has been served twice, half an hour apart

  @RA-5.9 @needs:slots @clock
  Scenario: A repeated hour that passes while the primary is down
    Given the primary's clock starts shortly before an hour is repeated in Europe/Berlin
    And a primary and one worker
    And an event for any worker, with Run All on
    And it is due at 02:30 there on Sundays
    And another event is due at 03:30 there
    When the primary is killed, the clock is set over all that, and the primary comes back
    And the other event has been served
    Then the event has been served twice, an hour apart

  @RA-5.10 @needs:slots @clock
  Scenario: A clock that is set back brings no served minute again
    Given a primary and one worker
    And an event for any worker, with Run All on
    And it is due every minute, and has been served three times
    When the clock is set back by ten minutes
    And the clock is past that time again
    Then no slot has been served twice

  @RA-5.11 @RA-5.4 @needs:slots @clock
  Scenario: A clock that is set forward loses no job and no minute
    Given a primary and one worker
    And an event for any worker, with Run All on and a long time limit
    And a manual job of it runs
    And another event is due every minute, with Run All on
    When the clock is set forward by ten minutes
    Then the minutes that were leapt over are served, once each
    And the job goes on undisturbed, and ends well
