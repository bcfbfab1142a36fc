@scheduled @needs:slots
Feature: An event gets another timing, or a pause
  Whoever edits a timing means the minutes to come. What the old timing owes stays owed, and what
  becomes of the minutes of a pause is for the event to say.

  @RA-5.14 @RA-5.13
  Scenario: What was owed before an edit of the timing stays owed
    Given a primary and one worker
    And an event for any worker, with Run All on
    When the first worker is killed and stays away
    And the event is due in six minutes, which pass unserved
    And the event gets another timing, of minutes just past and of minutes to come
    And the first worker comes back
    Then each of the six is served, once, oldest first
    And of the new timing those to come are served, and none that had begun

  @RA-5.14
  Scenario: What was owed before an edit of the time zone stays owed
    Given a primary and one worker
    And an event for any worker, with Run All on
    When the first worker is killed and stays away
    And the event is due in six minutes, which pass unserved
    And the event gets another time zone
    And the first worker comes back
    Then each of the six is served, once, oldest first

  @RA-5.14 @RA-5.13
  Scenario: What was owed before two edits stays owed
    Given a primary and one worker
    And an event for any worker, with Run All on
    When the first worker is killed and stays away
    And the event is due in six minutes, which pass unserved
    And the event gets another time zone
    And the event gets another timing, of minutes just past and of minutes to come
    And the first worker comes back
    Then each of the six is served, once, oldest first
    And of the new timing those to come are served, and none that had begun

  @RA-5.13
  Scenario: A new timing fires for no minute that has begun
    Given a primary and one worker
    And an event for any worker, with Run All on
    And it is due in six minutes to come
    When all six have been served
    And the event gets another timing, of minutes just past and of minutes to come
    Then of the new timing those to come are served, and none that had begun

  @RA-5.13
  Scenario: With Run All off a new timing fires for no minute that has begun either
    Given a primary and one worker
    And an event for any worker, with Run All off
    And it is due in six minutes to come
    When the event is disabled until all have passed, and is enabled
    And the event gets another timing, of minutes just past and of minutes to come
    Then of the new timing none that had begun is served

  @RA-5.13
  Scenario: An event that is made anew owes nothing of its earlier life
    Given a primary and one worker
    And an event for any worker, with Run All on
    When the first worker is killed and stays away
    And the event is due in six minutes, which pass unserved
    And the event is deleted, and made anew with minutes just past and minutes to come
    And the first worker comes back
    Then of the new timing those to come are served, and none that had begun
    And none of the six is served

  @RA-5.15 @RA-5.4
  Scenario: The minutes of a pause are served after it
    Given a primary and one worker
    And an event for any worker, with Run All on
    And it is due in six minutes to come
    When the event is disabled until all have passed, and is enabled
    Then each of the six is served, once, oldest first

  @RA-5.15 @RA-5.6
  Scenario: Of the minutes of a pause the last is served, if the event wants no other
    Given a primary and one worker
    And an event for any worker, with Run All on and the last missed minute wanted
    And it is due in six minutes to come
    When the event is disabled until all have passed, and is enabled
    Then of those that were missed the last is served, and no other

  @RA-5.15 @RA-5.7
  Scenario Outline: The minutes of a pause are not served, if the event wants none
    Given a primary and one worker
    And an event for any worker, with <wishes>
    And it is due in six minutes to come
    When the event is disabled until all have passed, and is enabled
    Then none of those that were missed is served

    Examples:
      | wishes                                    |
      | Run All off                               |
      | Run All on and no missed minute wanted    |
