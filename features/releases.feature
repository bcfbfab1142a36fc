@needs:releases
Feature: Servers of two releases
  A cluster is upgraded one server after the other. Meanwhile one end of a link knows words that the
  other has never heard.

  @RA-13.1 @RA-1.1 @RA-1.2 @RA-4.3
  Scenario Outline: A worker comes back in another release, and runs its job again
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs with nested values
    When its server is killed and comes back at once
    Then the job starts again
    When its server is killed and comes back in the <release> release
    Then the job starts again, as it did in one release
    And the try ends well, after three executions
    And each attempt has the values that were given

    Examples:
      | trigger   | release |
      | manual    | last    |
      | scheduled | last    |
      | manual    | next    |
      | scheduled | next    |

  @RA-13.1 @RA-2.11 @RA-1.1 @RA-1.2
  Scenario Outline: A primary comes back in another release, and has a job run again
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs with nested values
    When its server is killed and comes back at once
    Then the job starts again
    When the primary is stopped cleanly and comes back in the <release> release
    And its server is killed and comes back at once
    Then the job starts again, as it did in one release
    And the try ends well, after three executions
    And each attempt has the values that were given

    Examples:
      | trigger   | release |
      | manual    | last    |
      | scheduled | last    |
      | manual    | next    |
      | scheduled | next    |

  @RA-13.1 @RA-3.3 @manual
  Scenario Outline: An abort reaches a worker of another release
    Given a primary and one worker of the <release> release
    And an event for any worker, with Run All on
    And a manual job of it runs
    When a user aborts the job
    Then the job was aborted, and is not run again

    Examples:
      | release |
      | last    |
      | next    |

  @RA-13.1 @RA-2.10
  Scenario Outline: A worker without a format of the wire in common is refused
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When a worker joins that has no format of the wire in common with them
    Then the newcomer is refused, and both say why
    And the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
