Feature: Two ends meet
  A wish that a job ends, its own end and the end of its server can come at the same time. What
  was reached stands; then a user's wish counts; only what nobody wanted and nothing reached was
  interrupted.

  @RA-3.3 @manual
  Scenario: A run that is aborted as soon as it was accepted is never run again
    Given a primary and one worker
    And an event for any worker, with Run All on
    When a run of it is accepted, and a user aborts it at once
    And the worker is killed and comes back at once
    Then the accepted run was aborted, and is not run again

  @RA-3.3 @RA-11.4
  Scenario Outline: An abort outranks the time limit for which a job is being stopped
    Given a primary and one worker
    And an event for any worker, with Run All on and a time limit
    And a <trigger> job of it runs that ignores SIGTERM
    When the job is being stopped for its time limit
    And a user asks for the end of the job
    And its server is killed and comes back at once
    Then the job was aborted, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.7 @RA-12.2 @manual
  Scenario: A run that fails before anybody knew that it had begun is no interruption
    Given a primary and one worker
    And an event for any worker, with Run All on
    When a run of it that is going to fail is accepted, and the primary is killed at once
    And the primary comes back
    Then the accepted run has failed, and is not run again

  @RA-7.9 @needs:fencing
  Scenario Outline: Who aborts a job ends all that it has started
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that has started another process
    When a user asks for the end of the job
    Then nothing that the job had started lives on

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.9 @needs:fencing
  Scenario Outline: A clean stop of a server ends all that its job has started
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that has started another process
    When its server is stopped cleanly and stays away
    Then nothing that the job had started lives on
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.9 @needs:fencing
  Scenario Outline: A time limit is one of all that a job has started
    Given a primary and one worker
    And an event for any worker, with Run All on and a time limit
    And a <trigger> job of it runs that has started another process
    When the job is being stopped for its time limit
    Then nothing that the job had started lives on

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.4 @RA-3.6 @partition
  Scenario Outline: A job that ended well before an abort could reach it has ended well
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off until it is missed, and the job ends
    And a user asks for the end of the job
    And the cut is mended
    Then the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.7 @RA-3.3 @RA-3.6 @partition
  Scenario Outline: A job that failed before an abort could reach it has failed
    Given a primary and one worker
    And an event for any worker, with Run All on and one more try at once
    And a <trigger> job of it runs that is going to fail
    When its server is cut off until it is missed, and the job ends
    And a user asks for the end of the job
    And the cut is mended
    Then the job has failed, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.8 @RA-1.4 @partition
  Scenario Outline: A worker is stopped cleanly while nobody can hear it
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off and stopped cleanly, and is back in reach once it is missed
    Then the job ends as interrupted
    And the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.1 @RA-1.4 @partition
  Scenario Outline: What a worker said on leaving is heard after it was given up
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off and stopped cleanly
    Then the job ends as interrupted
    And the job starts again on another server
    When its server is back in reach
    Then the rerun goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.8 @RA-3.3
  Scenario Outline: An abort outlives the primary and the server of the job
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When a user asks for the end of the job
    And the primary and its server are killed at once, and come back
    Then the job was aborted, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.8 @RA-3.3
  Scenario Outline: A rerun that is aborted is not run again when it loses its server, too
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When its server is killed and comes back at once
    Then the job starts again
    When a user asks for the end of the rerun
    And <lost> killed at once, and <come> back
    Then the rerun was aborted, and nothing follows it

    Examples:
      | trigger   | lost                           | come  |
      | manual    | its server is                  | comes |
      | scheduled | its server is                  | comes |
      | manual    | the primary and its server are | come  |
      | scheduled | the primary and its server are | come  |

  @RA-3.9 @needs:lineage
  Scenario Outline: An abort that names an earlier attempt ends the one that runs
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    When its server is killed and comes back at once
    Then the job starts again
    When a user asks for the end of its <number> attempt
    Then the latest attempt was aborted, and nothing follows it

    Examples:
      | trigger   | number |
      | manual    | first  |
      | scheduled | first  |
      | manual    | second |
      | scheduled | second |

  @RA-3.9 @needs:lineage @needs:hold
  Scenario Outline: An abort that names an earlier attempt ends what waits in its place
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job starts again
    When its server is killed and stays away
    Then the second attempt ends as interrupted, too
    When a user asks for the end of its first attempt
    And its server comes back
    Then nothing of the job starts any more

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.16 @RA-2.8
  Scenario Outline: A clean stop comes to its end
    Given a primary and two workers
    And an event for <where>, with Run All on
    And a <trigger> job of it <runs>
    When its server is asked to go down
    Then it has gone down in the time that a clean stop may take
    When its server comes back
    Then the job is run again, once

    Examples:
      | trigger   | where       | runs                      |
      | manual    | any worker  | runs                      |
      | scheduled | any worker  | runs that ignores SIGTERM |
      | scheduled | the primary | runs                      |
      | manual    | the primary | runs that ignores SIGTERM |

  @RA-2.16 @RA-2.9
  Scenario Outline: A clean stop comes to its end when its job has finished its work
    Given a primary and two workers
    And an event for <where>, with Run All on
    And a <trigger> job of it runs that finishes its work on SIGTERM
    When its server is asked to go down
    Then it has gone down in the time that a clean stop may take
    When its server comes back
    Then the job has ended well, and is not run again

    Examples:
      | trigger   | where       |
      | manual    | any worker  |
      | scheduled | the primary |

  @RA-2.16 @RA-2.11
  Scenario Outline: A primary goes down, and a job on a worker is no reason to stay
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When the primary is asked to go down
    Then it has gone down in the time that a clean stop may take
    When the primary has come back
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.16 @RA-2.8 @partition
  Scenario Outline: A worker goes down although it can tell nobody
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off, and is asked to go down
    Then it has gone down in the time that a clean stop may take
    When its server is back in reach
    Then the job is run again, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
