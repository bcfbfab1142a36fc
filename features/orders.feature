Feature: An order is carried out whole, or refused with a reason
  Who gives an order learns whether it was carried out. What can't be is refused before anything has
  changed. What was accepted comes to an end, whatever it was.

  @RA-8.7 @needs:bounds @manual
  Scenario Outline: An order that can't be carried out changes nothing
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a manual job of it runs
    When a user <order>
    Then that is refused with a reason
    And the job goes on, and its event is as it was

    Examples:
      | order                                            |
      | makes another event under its id                 |
      | makes an event in a time zone that there is not  |
      | edits it to have a limit below zero              |
      | edits it to have another id                      |
      | edits an event that there is not                 |
      | deletes an event that there is not               |
      | runs an event that there is not                  |
      | asks for the end of a job that there is not      |

  @RA-8.7 @needs:bounds
  Scenario Outline: An abort of a job that has ended changes nothing
    Given a primary and one worker
    And an event for any worker, with Run All on
    And a <trigger> job of it runs
    When the job ends
    And a user asks for the end of the job that has ended
    Then that is refused with a reason
    And the job has ended well, and is not run again

    Examples:
      | trigger   |
      | manual    |
      | scheduled |

  @RA-8.6 @needs:bounds @manual
  Scenario Outline: A run with values that no process can be given is refused
    Given a primary and one worker
    And an event for any worker, with Run All on and room for many jobs
    And a manual job of it runs
    When a user <order> with <values>
    Then that is refused with a reason
    And the job goes on, and its event is as it was

    Examples:
      | order              | values             |
      | runs it            | a value of 128 KiB |
      | runs it            | a value with a NUL |
      | runs it            | values of 4 MiB    |
      | makes an event     | a value of 128 KiB |
      | makes an event     | a value with a NUL |
      | edits it           | a value of 128 KiB |
      | edits it           | values of 4 MiB    |

  @RA-12.4 @manual
  Scenario Outline: A run whose process can't be started comes to its end
    Given a primary and one worker
    And an event for any worker, with Run All on
    When a user asks for a run of it with <values>
    Then that is refused, or comes to an end that is shown
    And the next run of it ends well

    Examples:
      | values                         |
      | a value of 128 KiB             |
      | a value with a NUL             |
      | values of 4 MiB                |
      | a script that can't be started |
