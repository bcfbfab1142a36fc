Feature: A job whose server is out of reach is in limbo
  Nobody can know yet whether it still runs. Until that is known it stays visible, takes up its
  place among the jobs of its event, and can be aborted.

  @RA-10.1 @RA-6.2 @needs:limbo
  Scenario Outline: It is shown in limbo, and a manual run finds the limit reached
    Given a primary and two workers
    And an event for any worker, with Run All on, with room for one job
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job is shown in limbo
    And a manual run of its event is refused, for the limit is reached
    And the job is run again, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-6.2 @RA-5.1 @RA-5.2 @RA-5.4 @needs:limbo @needs:slots
  Scenario Outline: Slots that become due meanwhile wait, and are served after it in their order
    Given a primary and two workers
    And an event for any worker, with Run All on, with room for one job
    And a <trigger> job of it runs
    When its server is killed and stays away
    And two slots of its event become due
    Then they wait, for the job in limbo takes up the only place
    And the job is run again, once, on another server
    And the two slots are served after it, in their order, once each

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.12 @partition @manual
  Scenario: A loss that closes no connection is noticed
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a manual job of it runs
    When its server is cut off in silence
    Then its loss is noticed
    And the job ends as interrupted
    And the job is run again, once

  @RA-10.1 @RA-2.4 @needs:limbo @partition
  Scenario Outline: Limbo ends when the server is in reach again, and the job was running all the time
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is cut off in silence
    Then the job is shown in limbo
    When its server is in reach again
    Then the job is shown as running
    And the job goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-10.2 @RA-3.3 @needs:limbo
  Scenario Outline: A job that is aborted in limbo is never run again
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When its server is killed and stays away
    Then the job is shown in limbo
    When a user asks for the end of the job
    Then the abort in limbo is final
    When its server comes back
    Then the abort in limbo is final

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-10.2 @RA-3.3 @needs:limbo @partition @manual
  Scenario: An abort in limbo ends the job as soon as its server is in reach again
    Given a primary and two workers
    And an event for any worker, with Run All on
    And a manual job of it runs
    When its server is cut off in silence
    Then the job is shown in limbo
    When a user asks for the end of the job
    And its server is in reach again
    Then the execution is ended
    And the abort in limbo is final
