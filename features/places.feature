Feature: Every end of a job frees its place
  An event with room for one job has a run in its queue and a schedule. Whatever end its job comes
  to, rerun or not, the queue moves and the schedule goes on.

  @RA-6.8 @RA-6.10
  Scenario Outline: The queue moves and the schedule goes on
    Given a primary and one worker
    And a <trigger> job that <end> has the only place of its event
    When that happens, and its server is there
    Then the run in the queue comes to its end
    And the event is served in minutes to come

    Examples:
      | trigger   | end                                  |
      | manual    | completes                            |
      | scheduled | completes                            |
      | manual    | fails                                |
      | scheduled | fails                                |
      | manual    | is over its time limit               |
      | scheduled | is over its time limit               |
      | manual    | is aborted                           |
      | scheduled | is aborted                           |
      | manual    | is aborted, and ignores SIGTERM      |
      | scheduled | is aborted, and ignores SIGTERM      |
      | manual    | is aborted, and loses its server     |
      | scheduled | is aborted, and loses its server     |
      | manual    | is interrupted, and is run again     |
      | scheduled | is interrupted, and is run again     |
      | manual    | is interrupted, with Run All off     |
      | scheduled | is interrupted, with Run All off     |

    @needs_bounds
    Examples:
      | trigger   | end                                  |
      | manual    | is interrupted once too often        |
      | scheduled | is interrupted once too often        |
      | manual    | is interrupted, and soon too old     |
      | scheduled | is interrupted, and soon too old     |
