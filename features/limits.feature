Feature: Reruns and manual runs keep to the limits of their event
  A recovery is no licence to run more than the owner of an event allows, and whoever was
  promised a turn gets it, in the order of asking.

  @RA-6.1
  Scenario Outline: A rerun does not take its event over a limit that was lowered meanwhile
    Given a primary and two workers
    And an event for any worker, with Run All on, with room for two jobs
    And a <trigger> job of it runs
    And a second job of it runs on the other worker
    When its server is killed and stays away
    And the limit of the event is set to one
    Then the job ends as interrupted
    And the job is not run again while the second job runs
    When the second job ends
    Then the job is run again, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.1 @RA-4.6 @needs:hold
  Scenario Outline: A rerun waits for the place that a manual run took while the event was disabled
    Given a primary and two workers
    And an event for any worker, with Run All on, with room for one job
    And a <trigger> job of it runs
    When its server is killed and stays away
    And the event is disabled
    Then the job ends as interrupted
    When an operator runs the disabled event by hand
    And the event is enabled
    Then the job is not run again while the second job runs
    When the second job ends
    Then the job is run again, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.6 @RA-6.10 @RA-6.7 @manual
  Scenario: Manual runs keep their order in the queue when a server dies, and a full queue refuses
    Given a primary and one worker
    And an event for any worker, with Run All on, with room for one job and a queue of three
    And a manual job of it runs
    And three manual runs of it wait in the queue
    When its server is killed and comes back at once
    Then another manual run is refused, for the queue is full
    And the job is run again, once, on the same server
    And the three runs start in the order in which they were accepted

  @RA-6.6 @RA-6.10 @RA-12.2 @manual
  Scenario: The queue survives a crash of the primary
    Given a primary and one worker
    And an event for any worker, with Run All on, with room for one job and a queue of twelve
    And a manual job of it runs
    And twelve manual runs of it wait in the queue
    When the primary is killed and comes back
    Then the twelve runs start in the order in which they were accepted

  @RA-6.7 @RA-6.2 @needs:limbo @manual
  Scenario: A manual run that finds the limit reached by a job in limbo waits for its turn
    Given a primary and two workers
    And an event for any worker, with Run All on, with room for one job and a queue of one
    And a manual job of it runs
    When its server is killed and stays away
    And its job is in limbo
    And one manual run of it waits in the queue
    Then another manual run is refused, for the queue is full
    And the job is run again, once, on another server
    And the one run starts in its turn
