@store @RA-13.2
Feature: The store dies
  The primaries keep what they promise in a store: a file, or a server that is none of theirs. It is
  killed, stopped, frozen, cut off, or locked by another program, and comes back. Meanwhile nobody can
  lead. It costs what an absence of the primary costs, and no more.

  @RA-2.11
  Scenario Outline: A job on a worker goes on while the store is away
    Given a primary and one worker, and a store that can be <fault>
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the store is <fault> for a while
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   | fault           |
      | manual    | killed          |
      | scheduled | killed          |
      | manual    | stopped cleanly |
      | manual    | frozen          |
      | manual    | cut off         |
      | manual    | locked          |
      | scheduled | locked          |

  @RA-2.11
  Scenario Outline: A job on the primary goes on while the store is away
    Given a primary and one worker, and a store that can be <fault>
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    When the store is <fault> for a while
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   | fault  |
      | manual    | killed |
      | scheduled | killed |
      | manual    | locked |
      | scheduled | locked |

  @RA-2.16 @RA-2.8 @RA-1.1 @RA-1.2
  Scenario Outline: A primary goes down while the store is away
    Given a primary and one worker, and a store that can be <fault>
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    When the primary is asked to go down while the store is <fault>, and comes back after it
    Then the job is run again, once

    Examples:
      | trigger   | fault           |
      | manual    | killed          |
      | scheduled | stopped cleanly |
      | manual    | frozen          |
      | scheduled | cut off         |
      | manual    | locked          |

  @RA-3.4
  Scenario Outline: A job that ends while the store is away has ended well
    Given a primary and one worker, and a store that can be <fault>
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the job ends while the store is <fault>
    Then the job has ended well, and is not run again

    Examples:
      | trigger   | fault           |
      | manual    | killed          |
      | scheduled | killed          |
      | manual    | stopped cleanly |
      | manual    | frozen          |
      | manual    | cut off         |
      | manual    | locked          |
      | scheduled | locked          |

  @RA-2.1 @RA-1.1 @RA-1.2 @RA-1.4
  Scenario Outline: The server of a job dies while the store is away
    Given a primary and two workers, and a store that can be <fault>
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed while the store is <fault>, and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And the rerun is faithful to the job

    Examples:
      | trigger   | fault  |
      | manual    | killed |
      | scheduled | killed |
      | manual    | frozen |
      | manual    | locked |
      | scheduled | locked |

  @RA-1.4
  Scenario Outline: The store is away for longer than a worker goes on alone
    Given a primary and one worker, and a store that can be <fault>
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the store is <fault> for longer than a worker goes on alone
    Then the job ends well, and was run again only if it had been stopped

    Examples:
      | trigger   | fault  |
      | manual    | killed |
      | scheduled | killed |
      | manual    | locked |

  Scenario Outline: What waits is still there after the store was away
    Given a primary and two workers, and a store that can be <fault>
    And <what> of a <trigger> job waits
    When the store is <fault> for a while
    And what it waits for comes
    Then it starts, once and as it was asked for

    @RA-11.1 @RA-11.5 @job
    Examples:
      | trigger   | what    | fault  |
      | manual    | a retry | killed |
      | scheduled | a retry | killed |
      | manual    | a retry | locked |

    @RA-1.1 @RA-1.2 @needs_hold
    Examples:
      | trigger   | what                       | fault  |
      | manual    | a rerun without its server | killed |
      | scheduled | a rerun without its server | killed |
      | manual    | a rerun without a place    | locked |

    @RA-6.10
    Examples:
      | trigger | what               | fault           |
      | manual  | a run in the queue | killed          |
      | manual  | a run in the queue | stopped cleanly |
      | manual  | a run in the queue | frozen          |
      | manual  | a run in the queue | locked          |

  @RA-11.1 @RA-11.5 @job
  Scenario Outline: The delay of a retry passes while the store is away
    Given a primary and two workers, and a store that can be <fault>
    And a retry of a <trigger> job waits
    When its delay passes while the store is <fault>
    Then it starts, once and as it was asked for

    Examples:
      | trigger   | fault  |
      | manual    | killed |
      | scheduled | killed |
      | manual    | frozen |
      | manual    | locked |

  @RA-12.2 @manual
  Scenario Outline: A run that was accepted survives the store's death right after the answer
    Given a primary and one worker, and a store that can be <fault>
    And an event for any worker, with Run All on
    When a run of it is accepted, and the store is <fault> at once
    Then the accepted run has ended well, once

    Examples:
      | fault           |
      | killed          |
      | stopped cleanly |
      | frozen          |
      | cut off         |
      | locked          |

  @RA-12.2 @manual
  Scenario Outline: A run is asked for while the store is away
    Given a primary and one worker, and a store that can be <fault>
    And an event for any worker, with Run All on
    When a run of it is asked for while the store is <fault>
    Then it runs once if it was accepted, never if it was refused, and else at most once

    Examples:
      | fault           |
      | killed          |
      | stopped cleanly |
      | locked          |

  @RA-12.2 @manual
  Scenario Outline: A run is asked for while the store is away, and the primary dies before it is back
    Given a primary and one worker, and a store that can be <fault>
    And an event for any worker, with Run All on
    When a run of it is asked for while the store is <fault>, and the primary dies meanwhile
    Then it runs once if it was accepted, never if it was refused, and else at most once

    Examples:
      | fault  |
      | killed |
      | frozen |
      | locked |

  @RA-3.3 @RA-3.8
  Scenario Outline: An abort that was answered survives the store's death right after it
    Given a primary and two workers, and a store that can be <fault>
    And a rerun without its server of a <trigger> job waits
    When a user aborts it, and the store is <fault> at once
    And what it waits for comes
    Then it never starts

    @needs_hold
    Examples:
      | trigger   | fault  |
      | manual    | killed |
      | scheduled | killed |
      | manual    | frozen |
      | manual    | locked |

  @RA-5.4 @scheduled
  Scenario Outline: Minutes that pass while the store is away are served later
    Given a primary and one worker, and a store that can be <fault>
    And an event for any worker, with Run All on
    And it is due in six minutes to come
    When the store is <fault> until all have passed
    Then each of the six is served, once, oldest first

    Examples:
      | fault  |
      | killed |
      | frozen |
      | locked |

  @RA-9.1 @needs:failover
  Scenario Outline: One server leads after the store was away, and the job goes on
    Given a primary, a backup and one worker, and a store that can be <fault>
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the store is <fault> for a while
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   | fault  |
      | manual    | killed |
      | scheduled | killed |
      | manual    | frozen |
      | manual    | locked |
      | scheduled | locked |
