@needs:fencing
Feature: A name has one owner
  A cloned machine, or a second replica, joins under the name of a server that lives. Nothing has
  failed, so nothing may happen to the jobs of the first.

  @RA-7.8 @RA-2.10
  Scenario Outline: A second worker joins under the name of one that is well
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When another server starts under the name of its server
    Then the other server is refused, and says why
    And the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.8 @RA-2.4 @partition
  Scenario Outline: A second worker joins under the name of one that is out of reach
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When a cut has its server missed, and another server starts under its name
    Then the other server is refused, and says why
    When its server is in reach again
    Then the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.8 @RA-2.1
  Scenario Outline: The second worker gets the name once the first was given up
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And another server starts under the name of its server
    Then the other server is refused, and says why
    And the job ends as interrupted
    And the job is run again, once, on another server

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.10 @RA-7.8
  Scenario Outline: A second worker that was refused asks again, and not all the time
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When another server starts under the name of its server
    Then the other server is refused, and says why
    And it asks no more often than servers report
    And the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.8 @RA-7.1 @RA-2.8
  Scenario Outline: A second worker waits for the name of one that goes down
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When another server starts under the name of its server
    Then the other server is refused, and says why
    When its server is stopped cleanly and stays away
    Then the job ends as interrupted
    And the job is run again, once, on another server
    And the first one's job had ended before the other got the name

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-7.8 @RA-9.10 @needs:failover
  Scenario Outline: Whoever takes over knows the owner of a name
    Given a primary, a backup and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    And the lead passes once
    And another server starts under the name of its server
    Then the other server is refused, and says why
    And the job ends as interrupted
    And the job is run again, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-12.3
  Scenario Outline: A new run has an id of its own
    Given a primary and one worker
    And an event for any worker, with Run All on and room for many jobs
    And a <trigger> job of it runs
    And two more runs of it have ended
    When the primary is <gone> and comes back
    And two more runs of it have ended
    Then no two of these runs had one id

    Examples:
      | trigger   | gone            |
      | manual    | killed          |
      | scheduled | killed          |
      | manual    | stopped cleanly |

  @RA-12.3 @RA-9.10 @needs:failover
  Scenario Outline: A new run has an id of its own after a takeover
    Given a primary, two backups and one worker
    And an event for any worker, with Run All on and room for many jobs
    And a <trigger> job of it runs
    And two more runs of it have ended
    When the lead passes <way>
    And two more runs of it have ended
    Then no two of these runs had one id

    Examples:
      | trigger   | way   |
      | manual    | once  |
      | scheduled | once  |
      | manual    | twice |
