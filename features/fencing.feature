Feature: One attempt at a time, whatever is late
  A server that is out of reach may still be at work, may be frozen, and may have something to
  say later. None of that may disturb the attempt that has taken its place.

  @RA-7.5 @RA-7.6 @RA-3.5 @RA-2.12 @needs:fencing @needs:once @pause
  Scenario Outline: A worker that was frozen wakes beside the rerun
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is frozen
    Then the job ends as interrupted
    And the job starts again on another server
    When its server wakes
    Then the first execution is stopped within the kill grace
    And its late result is recorded against the first attempt only
    And the rerun goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.5 @RA-7.6 @needs:fencing @pause
  Scenario Outline: A frozen worker wakes with a job that ignores SIGTERM
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When its server is frozen
    Then the job ends as interrupted
    And the job starts again on another server
    When its server wakes
    Then the first execution is killed within the kill grace
    And the rerun goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.3 @RA-7.1 @needs:fencing @partition @manual
  Scenario: A worker that is cut off stops all of its jobs
    Given a primary and two workers
    And an event for any worker, with Run All on and room for many jobs
    And 3 manual jobs of it run on the first worker
    When its server is cut off and stays away
    Then each of them starts again
    And all of the first executions had ended before

  @RA-7.5 @RA-7.6 @needs:fencing @pause @manual
  Scenario: A worker that was frozen wakes beside the reruns of all its jobs
    Given a primary and two workers
    And an event for any worker, with Run All on and room for many jobs
    And 3 manual jobs of it run on the first worker, and ignore SIGTERM
    When its server is frozen
    Then each of them starts again
    When its server wakes
    Then all of the first executions are killed within the kill grace

  @RA-2.4 @RA-2.12 @pause
  Scenario Outline: A worker that is frozen for a moment only keeps its job
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is frozen until it is missed, and wakes
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.5 @RA-7.1 @RA-7.3 @needs:fencing @needs:once @partition
  Scenario Outline: A job that ends well under the fence is told after it was given up
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that finishes its work on SIGTERM
    When its server is cut off and stays away
    Then the job ends as interrupted
    And the job starts again on another server
    And its first execution had ended before
    When its server can be reached again
    Then its late result is recorded against the first attempt only
    And the rerun goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.4 @RA-3.6 @needs:fencing @partition
  Scenario Outline: A job that ends well under the fence is told before it was given up
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that finishes its work on SIGTERM
    When its server is cut off until its job has ended under the fence, and is in reach again
    Then the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.6 @RA-3.1 @needs:once @partition
  Scenario Outline: A result that was reached while cut off is taken in once
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off until it is missed, the job ends, and it is in reach again
    Then the result has been taken in
    When its server is cut off until it is missed, and is in reach again
    Then the result was taken in once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.6 @RA-3.4 @partition
  Scenario Outline: A result that was reached while cut off outlives a restart of its worker
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off, the job ends, and its server is restarted and in reach again
    Then the result has been taken in
    And the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.13 @pause @handover
  Scenario Outline: A job that was handed to a server which died before it began
    Given a primary and one worker
    And an event for the first worker, with Run All on
    When the first worker is frozen, and a <trigger> job is handed to it
    And the first worker is killed and comes back at once
    Then the job that never began is run, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.4 @needs:fencing @partition @handover
  Scenario Outline: A start order that a cut held up is void
    Given a primary and two workers
    And an event for the first worker, with Run All on
    When the first worker is cut off, and a <trigger> job is handed to it
    And the job is given up
    And its event is opened to any worker
    Then the job runs on the second worker
    When the first worker is in reach again
    Then the order that was held up starts nothing
    And the job that never began is run, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.7 @RA-3.3
  Scenario Outline: An abort wins over a clean stop of the job's worker
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When a user asks for the end of the job
    And its server is stopped cleanly and comes back
    Then the abort has won, and the job is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.7 @RA-3.3
  Scenario Outline: An abort wins over a clean stop of the primary
    Given a primary and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When a user asks for the end of the job
    And the primary is stopped cleanly and comes back
    Then the abort has won, and the job is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.7 @needs:fencing
  Scenario Outline: A server with settings that are not safe does not start
    Given a primary and one worker
    And an event for <where>, with Run All on
    And a <trigger> job of it runs
    When its server is killed and is started again with unsafe settings
    Then it does not start, and says why
    When its server comes back
    Then the job is run again, once, on the same server

    Examples:
      | trigger   | where       |
      | manual    | any worker  |
      | scheduled | any worker  |
      | manual    | the primary |
      | scheduled | the primary |
