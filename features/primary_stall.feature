Feature: The primary is deaf for a while
  A primary that is stalled hears nobody, and nobody takes over. When it wakes, it knows of its
  workers what it knew before, and has to hear them first.

  @RA-2.11 @pause
  Scenario Outline: A job on a worker outlives a short stall of the primary
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is frozen for longer than a silence, and wakes
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.11 @RA-3.4 @pause
  Scenario Outline: A job ends well on a worker in a stall that is longer than the dead-job timeout
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the primary is frozen, the job ends, and the primary wakes after the dead-job timeout
    Then the result counts, for the primary was deaf and its server was not lost

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.11 @RA-3.6 @pause @partition
  Scenario Outline: A worker that was missed comes back while the primary is deaf
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When a cut has its server missed, and it is back while the primary is frozen
    Then the result counts, for the primary was deaf and its server was not lost

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.11 @RA-3.6 @pause @partition
  Scenario Outline: A worker is out of reach and back while the primary is deaf
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When a cut has its server out of reach as the primary is frozen, and not when it wakes
    Then the result counts, for the primary was deaf and its server was not lost

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.11 @RA-3.6 @pause @partition @manual
  Scenario: Two workers that were missed come back while the primary is deaf
    Given a primary and two workers
    And an event for any worker, with Run All on, with room for two jobs
    And a manual job of it runs
    And a second job of it runs on the other worker
    When a cut has both servers missed, and they are back while the primary is frozen
    Then both results count, for the primary was deaf and no server was lost
