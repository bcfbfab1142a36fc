Feature: What a job was given, and who it is
  A rerun is made from a record of the job. What such records lose is long, nested, empty or no
  plain text, and often it is the second rerun that has lost it.

  @RA-4.3 @RA-1.1 @RA-1.2 @RA-1.4
  Scenario Outline: Values that are easily lost reach the rerun, and the rerun of the rerun
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs with <values>
    When its server is killed and comes back at once
    Then the job starts again
    When its server is killed and comes back at once
    Then the job starts again
    And each attempt has the values that were given
    And each rerun is faithful to the job
    And the try ends well, after three executions

    Examples:
      | trigger   | values              |
      | manual    | a long value        |
      | scheduled | a long value        |
      | manual    | many values         |
      | scheduled | many values         |
      | manual    | nested values       |
      | scheduled | nested values       |
      | manual    | empty and odd texts |
      | scheduled | empty and odd texts |

  @RA-5.1 @needs:slots @scheduled
  Scenario: A slot of an event with a long value is served
    Given a primary and one worker
    And an event for any worker, with Run All on
    When a slot of it comes, whose job has a long value
    Then that slot is served once, and its job has the value

  @RA-4.5 @RA-4.3 @RA-1.1 @RA-1.2 @needs:lineage
  Scenario Outline: The environment of each attempt says who it is
    Given a primary and one worker
    And an event for <where>, with Run All on
    And a <trigger> job of it runs with a record of its predecessor
    When its server is killed and comes back at once
    Then the job starts again
    When its server is killed and comes back at once
    Then the job starts again
    And the environment of each attempt says who it is
    And the try ends well, after three executions

    Examples:
      | trigger   | where       |
      | manual    | any worker  |
      | scheduled | any worker  |
      | manual    | the primary |
      | scheduled | the primary |
