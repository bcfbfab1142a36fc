Feature: What waits is reached by all that happens meanwhile
  A retry waits for its delay; a rerun for its server, its event or a place; a manual run for its
  turn; a job in limbo for news. Meanwhile people abort, edit and delete, and the primary restarts.

  @RA-3.8 @RA-3.3 @RA-6.8
  Scenario Outline: What waits is aborted
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When a user aborts it
    And what it waits for comes
    Then it never starts
    And the place is free for what comes next

    @RA-11.6 @job
    Examples:
      | trigger   | what    |
      | manual    | a retry |
      | scheduled | a retry |

    @needs_hold
    Examples:
      | trigger   | what                        |
      | manual    | a rerun without its server  |
      | scheduled | a rerun without its server  |
      | manual    | a rerun of a disabled event |
      | scheduled | a rerun of a disabled event |
      | manual    | a rerun without a place     |
      | scheduled | a rerun without a place     |

    @RA-6.10
    Examples:
      | trigger   | what               |
      | manual    | a run in the queue |

    @RA-10.2 @needs_limbo
    Examples:
      | trigger   | what           |
      | manual    | a job in limbo |
      | scheduled | a job in limbo |

  @RA-3.8 @RA-3.3 @RA-6.8
  Scenario Outline: What waits is aborted, and the primary dies right after the answer
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When a user aborts it, and the primary is killed at once and comes back
    And what it waits for comes
    Then it never starts
    And the place is free for what comes next

    @RA-11.6 @job
    Examples:
      | trigger   | what    |
      | manual    | a retry |
      | scheduled | a retry |

    @needs_hold
    Examples:
      | trigger   | what                        |
      | manual    | a rerun without its server  |
      | scheduled | a rerun without its server  |
      | manual    | a rerun of a disabled event |
      | scheduled | a rerun of a disabled event |
      | manual    | a rerun without a place     |
      | scheduled | a rerun without a place     |

    @RA-6.10
    Examples:
      | trigger   | what               |
      | manual    | a run in the queue |

    @RA-10.2 @needs_limbo
    Examples:
      | trigger   | what           |
      | manual    | a job in limbo |
      | scheduled | a job in limbo |

  @RA-4.3 @RA-6.8
  Scenario Outline: The event of what waits is edited
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When its event <edit>
    And what it waits for comes
    Then it starts, once and as it was asked for
    And the place is free for what comes next

    @RA-11.1 @RA-11.5 @RA-11.6 @job
    Examples:
      | trigger   | what    | edit                |
      | manual    | a retry | is edited           |
      | scheduled | a retry | is edited           |
      | manual    | a retry | gets another timing |
      | scheduled | a retry | gets another timing |
      | manual    | a retry | is disabled and enabled again |
      | scheduled | a retry | is disabled and enabled again |

    @RA-6.1 @job
    Examples:
      | trigger   | what                    | edit      |
      | manual    | a retry without a place | is edited |
      | scheduled | a retry without a place | is edited |

    @RA-1.1 @RA-1.2 @needs_hold
    Examples:
      | trigger   | what                        | edit                |
      | manual    | a rerun without its server  | is edited           |
      | scheduled | a rerun without its server  | is edited           |
      | manual    | a rerun without its server  | gets another timing |
      | scheduled | a rerun without its server  | gets another timing |
      | manual    | a rerun without its server  | is disabled and enabled again |
      | scheduled | a rerun without its server  | is disabled and enabled again |
      | manual    | a rerun of a disabled event | is edited           |
      | scheduled | a rerun of a disabled event | is edited           |
      | manual    | a rerun of a disabled event | gets another timing |
      | scheduled | a rerun of a disabled event | gets another timing |
      | manual    | a rerun without a place     | is edited           |
      | scheduled | a rerun without a place     | is edited           |
      | manual    | a rerun without a place     | gets another timing |
      | scheduled | a rerun without a place     | gets another timing |

    @RA-6.10
    Examples:
      | trigger   | what               | edit                          |
      | manual    | a run in the queue | is edited                     |
      | manual    | a run in the queue | gets another timing           |
      | manual    | a run in the queue | is disabled and enabled again |

    @RA-1.1 @RA-1.2 @needs_limbo
    Examples:
      | trigger   | what           | edit                |
      | manual    | a job in limbo | is edited           |
      | scheduled | a job in limbo | is edited           |
      | manual    | a job in limbo | gets another timing |
      | scheduled | a job in limbo | gets another timing |

  Scenario Outline: The limit of the event of what waits is raised
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When its event gets room for all
    Then it starts, once and as it was asked for

    @RA-1.1 @RA-1.2 @needs_hold
    Examples:
      | trigger   | what                    |
      | manual    | a rerun without a place |
      | scheduled | a rerun without a place |

    @RA-6.10
    Examples:
      | trigger   | what               |
      | manual    | a run in the queue |

  @clock
  Scenario Outline: The clock of the primary is set forward by an hour while something waits
    Given a primary and two workers
    And <what> of a <trigger> job waits, and is worth nothing later
    When the clock of the primary is set forward by an hour
    And what it waits for comes
    Then it starts, once and as it was asked for

    @RA-11.5 @job
    Examples:
      | trigger   | what    |
      | manual    | a retry |

    @RA-1.1 @RA-1.2 @RA-8.2 @needs_hold
    Examples:
      | trigger   | what                       |
      | manual    | a rerun without its server |
      | scheduled | a rerun without its server |

  @RA-6.5 @RA-6.8
  Scenario Outline: The event of what waits is moved to another server
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When its event is moved to the second worker
    And what it waits for comes
    Then it starts, on the second worker, once and as it was asked for
    And the place is free for what comes next

    @RA-11.6 @job
    Examples:
      | trigger   | what    |
      | manual    | a retry |
      | scheduled | a retry |

    @needs_hold
    Examples:
      | trigger   | what                        |
      | manual    | a rerun without its server  |
      | scheduled | a rerun without its server  |
      | manual    | a rerun of a disabled event |
      | scheduled | a rerun of a disabled event |
      | manual    | a rerun without a place     |
      | scheduled | a rerun without a place     |

    @RA-6.10
    Examples:
      | trigger   | what               |
      | manual    | a run in the queue |

    @needs_limbo
    Examples:
      | trigger   | what           |
      | manual    | a job in limbo |
      | scheduled | a job in limbo |

  @RA-6.8
  Scenario Outline: The event of what waits is disabled, and enabled later
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When its event is disabled
    And what it waits for comes
    Then it does not start yet
    When its event is enabled
    Then it starts, once and as it was asked for
    And the place is free for what comes next

    @RA-11.6 @job
    Examples:
      | trigger   | what    |
      | manual    | a retry |
      | scheduled | a retry |

    @RA-6.4 @needs_hold
    Examples:
      | trigger   | what                       |
      | manual    | a rerun without its server |
      | scheduled | a rerun without its server |
      | manual    | a rerun without a place    |
      | scheduled | a rerun without a place    |

    @RA-6.4 @needs_limbo @needs_hold
    Examples:
      | trigger   | what           |
      | manual    | a job in limbo |
      | scheduled | a job in limbo |

  Scenario Outline: The event of what waits is deleted
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When its event is deleted
    And what it waits for comes
    Then it never starts
    And neither does what waited behind it

    @RA-6.9 @RA-11.6 @job
    Examples:
      | trigger   | what    |
      | manual    | a retry |
      | scheduled | a retry |

    @RA-6.9 @needs_hold
    Examples:
      | trigger   | what                        |
      | manual    | a rerun without its server  |
      | scheduled | a rerun without its server  |
      | manual    | a rerun of a disabled event |
      | scheduled | a rerun of a disabled event |
      | manual    | a rerun without a place     |
      | scheduled | a rerun without a place     |

    @RA-6.9
    Examples:
      | trigger   | what               |
      | manual    | a run in the queue |

    @RA-6.3 @RA-6.9 @needs_limbo @needs_bounds
    Examples:
      | trigger   | what           |
      | manual    | a job in limbo |
      | scheduled | a job in limbo |

  @RA-6.8
  Scenario Outline: The event of what waits is deleted and made again
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When its event is deleted and made again
    And what it waits for comes
    Then it never starts
    And neither does what waited behind it
    And the place is free for what comes next

    @RA-6.9 @RA-11.6 @job
    Examples:
      | trigger   | what    |
      | manual    | a retry |
      | scheduled | a retry |

    @RA-6.9 @needs_hold
    Examples:
      | trigger   | what                        |
      | manual    | a rerun without its server  |
      | scheduled | a rerun without its server  |
      | manual    | a rerun of a disabled event |
      | scheduled | a rerun of a disabled event |
      | manual    | a rerun without a place     |
      | scheduled | a rerun without a place     |

    @RA-6.9
    Examples:
      | trigger   | what               |
      | manual    | a run in the queue |

    @RA-6.3 @needs_limbo @needs_bounds
    Examples:
      | trigger   | what           |
      | manual    | a job in limbo |
      | scheduled | a job in limbo |

  @RA-8.2 @RA-6.8 @needs:bounds @needs:hold
  Scenario Outline: What waits gets too old
    Given a primary and two workers
    And <what> of a <trigger> job waits, and is soon worth nothing
    When it is worth nothing any more
    And what it waits for comes
    Then it never starts, for it is too old
    And the place is free for what comes next

    Examples:
      | trigger   | what                        |
      | manual    | a rerun without its server  |
      | scheduled | a rerun without its server  |
      | manual    | a rerun of a disabled event |
      | scheduled | a rerun of a disabled event |
      | manual    | a rerun without a place     |
      | scheduled | a rerun without a place     |

  @RA-1.1 @RA-1.2 @needs:bounds @needs:hold
  Scenario Outline: What waits is old, and not yet too old
    Given a primary and two workers
    And a rerun without its server of a <trigger> job waits, and is worth nothing later
    When it is worth nothing soon
    And what it waits for comes
    Then it starts, once and as it was asked for

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.8
  Scenario Outline: What waits and was never lost gets no older
    Given a primary and two workers
    And <what> of a <trigger> job waits, and what is lost is soon worth nothing
    When what is lost by now is worth nothing any more
    And what it waits for comes
    Then it starts, once and as it was asked for

    @RA-11.1 @job
    Examples:
      | trigger   | what    |
      | manual    | a retry |
      | scheduled | a retry |

    @RA-6.10
    Examples:
      | trigger   | what               |
      | manual    | a run in the queue |

  @RA-6.8
  Scenario Outline: The primary restarts before what waits may start
    Given a primary and two workers
    And <what> of a <trigger> job waits
    When the primary is <fault>, and is back before anything may start
    Then it is still shown as waiting
    When what it waits for comes
    Then it starts, once and as it was asked for
    And the place is free for what comes next

    @RA-11.1 @RA-11.5 @job
    Examples:
      | trigger   | what    | fault           |
      | manual    | a retry | killed          |
      | scheduled | a retry | killed          |
      | manual    | a retry | stopped cleanly |
      | scheduled | a retry | stopped cleanly |

    @RA-1.1 @RA-1.2 @needs_hold
    Examples:
      | trigger   | what                        | fault           |
      | manual    | a rerun without its server  | killed          |
      | scheduled | a rerun without its server  | killed          |
      | manual    | a rerun without its server  | stopped cleanly |
      | scheduled | a rerun without its server  | stopped cleanly |
      | manual    | a rerun of a disabled event | killed          |
      | scheduled | a rerun of a disabled event | killed          |
      | manual    | a rerun of a disabled event | stopped cleanly |
      | scheduled | a rerun of a disabled event | stopped cleanly |
      | manual    | a rerun without a place     | killed          |
      | scheduled | a rerun without a place     | killed          |
      | manual    | a rerun without a place     | stopped cleanly |
      | scheduled | a rerun without a place     | stopped cleanly |

    @RA-6.10
    Examples:
      | trigger   | what               | fault           |
      | manual    | a run in the queue | killed          |
      | manual    | a run in the queue | stopped cleanly |

    @RA-1.1 @RA-1.2 @RA-10.1 @needs_limbo
    Examples:
      | trigger   | what           | fault           |
      | manual    | a job in limbo | killed          |
      | scheduled | a job in limbo | killed          |
      | manual    | a job in limbo | stopped cleanly |
      | scheduled | a job in limbo | stopped cleanly |

  @RA-6.7
  Scenario Outline: The queue has room beside what waits
    Given a primary and two workers
    And a run of another event waits in its queue
    And <what> of a <trigger> job waits
    When manual runs of its event are asked for until its queue must be full
    Then all of them are accepted, and one more is refused
    When what it waits for comes
    Then it starts, once and as it was asked for

    @needs_hold
    Examples:
      | trigger   | what                    |
      | manual    | a rerun without a place |
      | scheduled | a rerun without a place |

    Examples:
      | trigger   | what               |
      | manual    | a run in the queue |

    @needs_limbo
    Examples:
      | trigger   | what           |
      | manual    | a job in limbo |
      | scheduled | a job in limbo |
