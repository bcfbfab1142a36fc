Feature: How much of a server a failure takes
  The whole server may die, or its daemon alone, and then the job lives on with nobody to watch it.
  The job's process alone may die, and then nothing was interrupted. Whoever stops a server may
  tell its daemon, which ends the job, or all of its processes at once, as systemd does, and then
  the job ends before anybody has told it to. To a scheduler these are four failures.

  @daemon @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.3 @RA-2.4 @RA-4.3
  Scenario Outline: Its daemon alone dies and comes back, and finds what it left behind
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the daemon of its server is killed, the job is not, and the daemon comes back at once
    Then the job is taken up again, or has ended and is run again, once
    And no two executions of the job ran at the same time

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @daemon @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.5 @RA-2.4
  Scenario Outline: The daemon of the primary alone dies and comes back, and its local job with it
    Given a primary and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    When the daemon of its server is killed, the job is not, and the daemon comes back at once
    Then the job is taken up again, or has ended and is run again, once
    And no two executions of the job ran at the same time

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @daemon @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.1
  Scenario Outline: Its daemon alone dies and stays away
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the daemon of its server is killed, the job is not, and the daemon stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @daemon @RA-7.1 @RA-7.3 @needs:fencing
  Scenario Outline: A job that has lost its daemon ends before it runs elsewhere
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When the daemon of its server is killed, the job is not, and the daemon stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And its first execution had ended before

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @job @RA-2.7
  Scenario Outline: The process of the job alone dies, which is a failure of the job
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the process of the job alone is killed
    Then the job has failed, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.8
  Scenario Outline: Its daemon alone gets SIGTERM, and ends the job
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the daemon of its server gets SIGTERM, and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @group @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.8 @RA-4.3
  Scenario Outline: All of it gets SIGTERM at once, and the job is the first to obey
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When all processes of its server get SIGTERM at once, and it stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And the rerun is faithful to the job

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @group @RA-1.1 @RA-1.2 @RA-1.4 @RA-2.8
  Scenario Outline: All of the primary gets SIGTERM at once, its local job too
    Given a primary and one worker
    And an event for the primary, with Run All on
    And a <trigger> job of it runs
    When all processes of its server get SIGTERM at once, and it comes back
    Then the job ends as interrupted
    And the job is run again, once, on the same server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @group @RA-2.9 @RA-3.4
  Scenario Outline: All of it gets SIGTERM at once, and the job finishes its work
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that finishes its work on SIGTERM
    When all processes of its server get SIGTERM at once, and it comes back
    Then the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |
