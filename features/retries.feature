Feature: Retries and time limits meet a failure of the server
  A job's own failure, its time limit and the loss of its server are three different ends. Each
  has its own consequence, and none may be taken for another.

  @job @RA-11.1 @RA-11.2 @RA-11.5
  Scenario Outline: A retry that waits for its delay outlives the server where the job failed
    Given a primary and two workers
    And an event for any worker, with Run All on and one more try after a failure
    And a <trigger> job of it runs
    When the process of the job is killed, and the job has failed
    And its server is killed and stays away
    Then the job is tried again after its delay, on another server
    And the try ends well, after two executions

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @job @RA-11.1 @RA-11.2 @RA-11.5
  Scenario Outline: A retry that waits for its delay outlives a crash of the primary
    Given a primary and one worker
    And an event for the primary, with Run All on and one more try after a failure
    And a <trigger> job of it runs
    When the process of the job is killed, and the job has failed
    And the primary is killed and comes back
    Then the job is tried again after its delay, on the same server
    And the try ends well, after two executions

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-11.1 @RA-11.5
  Scenario Outline: A failure of which nobody could hear at once is tried again too
    Given a primary and one worker
    And an event for any worker, with Run All on and one more try after a failure
    And a <trigger> job of it runs that is going to fail
    When <told>
    Then the job is tried again when its delay is over, and no sooner

    @partition
    Examples:
      | trigger   | told                                                                           |
      | manual    | its server is cut off until it is missed, the job ends, and it is in reach again |

    Examples:
      | trigger   | told                                                            |
      | scheduled | the primary is killed, the job ends, and the primary comes back |

  @RA-11.1
  Scenario Outline: A job that fails each time is tried as often as its event says
    Given a primary and one worker
    And an event for any worker, with Run All on and <tries> after each failure
    When a <trigger> job of it fails each time that it runs
    Then it has run once, and once more for each try

    Examples:
      | trigger   | tries      |
      | manual    | no try     |
      | scheduled | no try     |
      | manual    | one try    |
      | scheduled | one try    |
      | manual    | three tries |
      | scheduled | three tries |

  @job @RA-8.1 @RA-8.3 @RA-11.5 @needs:bounds
  Scenario Outline: A retry neither counts as an interruption nor makes those before it forgotten
    Given a primary and one worker
    And an event for any worker, with Run All on, one more try, and to be run again twice at most
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    When its server is killed and comes back at once
    Then the try is run again
    When its server is killed and comes back at once
    Then the job is given up after four executions, for servers took it down too often

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.6 @RA-4.10
  Scenario Outline: A rerun that is over its time limit has timed out, too
    Given a primary and one worker
    And an event for any worker, with Run All on and a time limit of 3 seconds
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    And the rerun is stopped for its time limit, and nothing follows it

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @job @RA-4.9 @RA-11.1 @RA-11.5
  Scenario Outline: An interruption uses up no retry
    Given a primary and one worker
    And an event for any worker, with Run All on and one more try after a failure
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    And the try ends well, after three executions

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @job @RA-11.7 @RA-4.3 @RA-11.3
  Scenario Outline: A retry is the run that failed, and so is its rerun
    Given a primary and one worker
    And an event for any worker, with Run All on and one more try after a failure
    And a <trigger> job of it runs
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    And the retry is faithful to the run that failed
    When its server is killed and comes back at once
    Then the try is run again
    And the retry is faithful to the run that failed

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @job @RA-11.7 @RA-4.2 @needs:slots @scheduled
  Scenario: A retry of a minute is interrupted, and that minute is owed again
    Given a primary and two workers
    And an event for the first worker, with Run All on and two more tries after a failure
    And a scheduled job of it runs
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    When its server is killed and stays away
    Then its own minute is owed again
    When its server comes back
    Then the try is run again
    And the try ends well, after four executions

  @job @RA-11.3 @RA-4.9 @RA-11.5
  Scenario Outline: A retry that is interrupted is run again with the tries that it had left
    Given a primary and one worker
    And an event for any worker, with Run All on and two more tries after a failure
    And a <trigger> job of it runs
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    When its server is killed and comes back at once
    Then the try is run again
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    When the process of the job is killed, and the job has failed
    Then the job has used up its tries, after four executions

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-11.8
  Scenario Outline: A job that is over its time limit is stopped
    Given a primary and one worker
    And an event for any worker, with Run All on and a time limit of 2 seconds
    And a <trigger> job of it <runs>
    Then the job is stopped when its time is over, and no sooner

    Examples:
      | trigger   | runs                      |
      | manual    | runs                      |
      | scheduled | runs                      |
      | manual    | runs that ignores SIGTERM |
      | scheduled | runs that ignores SIGTERM |

  @job @RA-11.1 @RA-11.5
  Scenario Outline: A failure is tried again, whatever the event says of lost jobs
    Given a primary and one worker
    And an event for any worker, with Run All off and one more try after a failure
    And a <trigger> job of it runs
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    And the try ends well, after two executions

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @job @RA-11.1 @RA-11.6
  Scenario Outline: A job that fails while its event is disabled is tried again when that is enabled
    Given a primary and one worker
    And an event for any worker, with Run All on and one more try after a failure
    And a <trigger> job of it runs
    And the event is disabled
    When the process of the job is killed, and the job has failed
    And the event is enabled
    Then the job is tried again after its delay, on the same server
    And the try ends well, after two executions

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-11.8
  Scenario Outline: A time limit is kept, whatever the event says of lost jobs
    Given a primary and one worker
    And an event for any worker, with Run All off and a time limit of 2 seconds
    And a <trigger> job of it runs
    Then the job is stopped when its time is over, and no sooner

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-11.8
  Scenario Outline: A time limit that has begun outlasts a restart of the primary
    Given a primary and one worker
    And an event for any worker, with Run All on and a long time limit
    And a <trigger> job of it runs
    When the primary is <gone> and comes back
    Then the job is stopped when its time is over, and no sooner

    Examples:
      | trigger   | gone            |
      | manual    | killed          |
      | scheduled | stopped cleanly |

  @job @RA-11.8 @RA-11.1
  Scenario Outline: A retry that is over its time limit is stopped
    Given a primary and one worker
    And an event for any worker, with Run All on, one more try and a time limit of 3 seconds
    And a <trigger> job of it runs
    When the process of the job is killed, and the job has failed
    Then the job is tried again after its delay, on the same server
    And the latest attempt is stopped for its time limit

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-11.4 @RA-2.6
  Scenario Outline: A server that dies while it stops a job for its time limit
    Given a primary and one worker
    And an event for any worker, with Run All on and a time limit
    And a <trigger> job of it runs that ignores SIGTERM
    When the job is being stopped for its time limit
    And its server is killed before that is done, and <then>
    Then the job counts as timed out, and is not run again

    Examples:
      | trigger   | then               |
      | manual    | comes back at once |
      | scheduled | comes back at once |
      | manual    | stays away         |
      | scheduled | stays away         |

  @RA-2.1 @RA-1.1 @RA-1.2
  Scenario Outline: A time limit that passes while nobody knows of the job is no timeout
    Given a primary and two workers
    And an event for any worker, with Run All on and a time limit of 2 seconds
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-4.10
  Scenario Outline: A rerun has the full time limit
    Given a primary and one worker
    And an event for any worker, with Run All on and a time limit of 3 seconds
    And a <trigger> job of it runs
    When most of its time limit has passed
    And its server is killed and comes back at once
    Then the job starts again
    And the rerun lives for longer than what was left of the limit
    And the try ends well, after two executions

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
