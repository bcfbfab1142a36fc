@RA-12.1 @RA-3.2
Feature: The primary crashes inside its own recovery
  A recovery is made of steps. Each commits what it decided, and then does what follows from it.
  A crash can fall before the commit, after it, or in the middle of what follows. What was decided
  is on disk by then, or it was never decided and nothing of it was done.

  @RA-2.5 @failpoint
  Scenario Outline: It crashes again while it recovers its local job
    Given a primary and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    When the primary is killed, comes back, and crashes <point> of its recovery
    And the primary comes back
    Then the job is run again until it has ended well, once for each interruption

    Examples:
      | trigger   | point           |
      | manual    | before commit 1 |
      | scheduled | before commit 1 |
      | manual    | before commit 2 |
      | scheduled | before commit 2 |
      | manual    | after commit 2  |
      | scheduled | after commit 2  |
      | manual    | amid step 1     |
      | scheduled | amid step 1     |
      | manual    | within commit 1 |
      | scheduled | within commit 1 |
      | manual    | within commit 2 |
      | scheduled | within commit 2 |
      | manual    | after commit 3  |
      | scheduled | after commit 3  |

  @RA-2.1 @failpoint
  Scenario Outline: It crashes while it recovers the job of a lost worker
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away, and the primary crashes <point> of the recovery
    And the primary comes back
    Then the job is run again until it has ended well, once for each interruption

    Examples:
      | trigger   | point           |
      | manual    | before commit 1 |
      | scheduled | before commit 1 |
      | manual    | after commit 1  |
      | scheduled | after commit 1  |
      | manual    | amid step 1     |
      | scheduled | amid step 1     |
      | manual    | within commit 1 |
      | scheduled | within commit 1 |
      | manual    | before commit 4 |
      | scheduled | before commit 4 |

  @RA-12.2 @manual
  Scenario Outline: A run that was accepted survives a crash right after the answer
    Given a primary and one worker
    And an event for <where>, with Run All on
    When a run of it is accepted, and the primary is killed at once
    And the primary comes back
    Then the accepted run has ended well, once

    Examples:
      | where       |
      | any worker  |
      | the primary |
