'use strict';
// The kit's timings as BullMQ's cron patterns, on a clock that may run faster than the real one.
//
// A case can't wait for real minutes. BullMQ lets its users compute the next time of a schedule
// (`settings.repeatStrategy`), and only that is done here: its own cron parser is asked
// on a clock on which a minute lasts as long as the settings say. With 60000 ms nothing is
// different from BullMQ's own strategy.

const { parseExpression } = cronParser();

const REAL_MINUTE = 60000;
const FIELDS = ['minutes', 'hours', 'days', 'months', 'weekdays'];

/** BullMQ's own parser, wherever npm has put it: beside BullMQ or inside of it. */
function cronParser() {
  const path = require.resolve('cron-parser', { paths: [require.resolve('bullmq')] });
  const { CronExpressionParser } = require(path);
  return { parseExpression: (pattern, options) => CronExpressionParser.parse(pattern, options) };
}

/**
 * The schedule that BullMQ gets for an event's timing. Its patterns have no years, so years that
 * follow one another become the schedule's start and end. Throws a RangeError for years with a gap.
 */
function repeatOf({ timing, timezone }, minute) {
  const pattern = FIELDS.map((field) => timing[field]?.join(',') || '*').join(' ');
  return { pattern, tz: timezone ?? 'UTC', ...boundsOf(timing.years, minute) };
}

function boundsOf(years, minute) {
  if (!years?.length) return {};
  const [first, last] = [Math.min(...years), Math.max(...years)];
  if (last - first >= new Set(years).size) throw new RangeError('years with a gap between them');
  const real = (year) => Math.round((Date.UTC(year, 0, 1) * minute) / REAL_MINUTE);
  return { startDate: real(first), endDate: real(last + 1) - 1 };
}

/** The next time of a pattern after `millis`, or undefined when there is none. */
function strategyFor(minute) {
  const speed = REAL_MINUTE / minute;
  return (millis, { pattern, tz, startDate, endDate }) => {
    const from = Math.max(millis, (startDate ?? 0) - 1);
    const next = nextOf(pattern, { tz, currentDate: new Date(from * speed) });
    const real = next && Math.ceil(next.getTime() / speed);
    return real && !(real > (endDate ?? Infinity)) ? real : undefined;
  };
}

function nextOf(pattern, options) {
  try {
    return parseExpression(pattern, options).next().toDate();
  } catch {
    return undefined; // as BullMQ's own strategy does: a pattern that never comes has no next time
  }
}

/** The minute of the schedule that holds a moment, in minutes since the epoch. */
function slotOf(millis, minute) {
  return Math.floor(millis / minute);
}

/** The logical time that a job gets, in seconds: the beginning of its minute. */
function nowOf(job, minute) {
  return slotOf(job.opts.prevMillis ?? job.timestamp, minute) * 60;
}

module.exports = { nowOf, repeatOf, slotOf, strategyFor };
