Feature: What the recovery must leave alone
  A promise to run things again is only worth something if nothing else is run again.

  @RA-2.7 @RA-3.4
  Scenario Outline: A job that ended well is not run again when its server dies
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the job ends
    And its server is killed and comes back at once
    Then the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.7
  Scenario Outline: A job that failed by itself is not run again
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that is going to fail
    When the job ends
    And its server is killed and comes back at once
    Then the job has failed, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.6
  Scenario Outline: A job that is over its time limit is not run again
    Given a primary and one worker
    And an event for any worker, with Run All on and a time limit
    And a <trigger> job of it runs
    When the job is over its time limit
    And its server is killed and comes back at once
    Then the job has timed out, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.3
  Scenario Outline: A job that a user aborted is not run again
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When a user aborts the job
    And its server is killed and comes back at once
    Then the job was aborted, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-3.3
  Scenario Outline: An abort wins although the server dies before the job has ended
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs that ignores SIGTERM
    When a user asks for the end of the job
    And its server is killed and comes back at once
    Then the job was aborted, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-1.3
  Scenario Outline: With Run All off nothing is run again
    Given a primary and one worker
    And an event for any worker, with Run All off
    And a <trigger> job of it runs
    When its server is killed and comes back at once
    Then the job was interrupted, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.10
  Scenario Outline: Jobs on other servers are left alone
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    And a job of another event runs on the second worker
    When its server is killed and comes back at once
    Then the job is run again, once, on the same server
    When the dead-job timeout has passed for every job that was there
    Then the job on the second worker goes on undisturbed, and ends well

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-2.10
  Scenario Outline: A long job on another server outlives the dead-job timeout
    Given a primary and two workers
    And an event for the first worker, with Run All on
    And a <trigger> job of it runs
    And a job of another event runs on the second worker
    When its server is killed and stays away
    Then the job ends as interrupted
    When the dead-job timeout has passed for every job that was there
    Then the job on the second worker goes on undisturbed, and ends well
    When its server comes back
    Then the job is run again, once

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-4.7 @RA-1.1 @manual
  Scenario: The recovery of a manual job runs no served slot of its event again
    Given a primary and two workers
    And an event for the first worker, with Run All on and room for many jobs
    And a manual job of it runs
    And two slots of it have been served since
    When its server is killed and comes back at once
    Then no served slot has been run again
    And the job is run again, once, on the same server

  @RA-4.1 @RA-4.3 @manual
  Scenario: Three manual jobs of one event are each run again with their own parameters
    Given a primary and one worker
    And an event for any worker, with Run All on and room for many jobs
    And three manual jobs of it run, each with its own parameters
    When its server is killed and comes back at once
    Then each of the three is run again, once, with its own parameters
