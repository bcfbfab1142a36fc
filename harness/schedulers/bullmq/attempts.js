'use strict';
// Which attempts a job of BullMQ has had, by its own records.
//
// BullMQ runs a job again under the same id. It counts how often it was started
// (`attemptsStarted`) and how often it stalled, and its event stream says in which order that
// happened. The state of an attempt comes from the stream alone: it is interrupted once BullMQ says
// `stalled`, and never before.

const GIVEN_UP = 'job stalled more than allowable limit';

/** The id of an attempt: that of the job, and from the second on its number behind it. */
function attemptId(id, number) {
  return number > 1 ? `${id}#${number}` : id;
}

/** The attempts of each job, from the entries of a queue's event stream, oldest first. */
function attemptsOf(entries) {
  const jobs = new Map();
  for (const [stamp, fields] of entries) {
    const entry = toObject(fields);
    if (!entry.jobId) continue;
    if (!jobs.has(entry.jobId)) jobs.set(entry.jobId, []);
    take(jobs.get(entry.jobId), entry, Number(stamp.split('-')[0]) / 1000);
  }
  return jobs;
}

function toObject(fields) {
  const entry = {};
  for (let at = 0; at < fields.length; at += 2) entry[fields[at]] = fields[at + 1];
  return entry;
}

/** Follow one entry of the stream. `at` is when it was written, in seconds. */
function take(attempts, entry, at) {
  const last = attempts.at(-1);
  switch (entry.event) {
    case 'active':
      attempts.push({ state: 'running', placedAt: at, endedAt: 0 });
      break;
    case 'completed':
      end(last, 'succeeded', at);
      break;
    case 'stalled':
      end(last, 'interrupted', at);
      break;
    case 'failed':
      fail(attempts, entry, at);
      break;
    case 'delayed':
    case 'waiting':
      // Back from `active` without an entry about a stall: it failed, and is to be tried again.
      if (last?.state === 'running') end(last, 'failed', at);
      break;
  }
}

/** BullMQ starts a job that stalled too often only to record its failure: nothing ran. */
function fail(attempts, entry, at) {
  if (entry.failedReason === GIVEN_UP) attempts.pop();
  else end(attempts.at(-1), 'failed', at);
  if (attempts.length) attempts.at(-1).over = true;
}

function end(attempt, state, at) {
  if (attempt) Object.assign(attempt, { state, endedAt: at, over: state === 'succeeded' });
}

/**
 * The attempts without the start to come, or under way, that only records a failure.
 *
 * A job that stalled too often carries that failure from the instant at which the stream says
 * `stalled`, first as one to come. So the stream is to be read before the job.
 */
function attemptsRun(job, attempts) {
  if (![job.deferredFailure, job.failedReason].includes(GIVEN_UP)) return attempts;
  const last = attempts.findLastIndex((attempt) => attempt.state === 'interrupted');
  if (last < 0) return attempts;
  return [...attempts.slice(0, last), { ...attempts[last], over: true }];
}

/** Whether BullMQ means to start the job (once more). */
function isDue(attempts) {
  const last = attempts.at(-1);
  return !last || (last.state !== 'running' && !last.over);
}

/** The views of all attempts of a job, the one that is still to come included. */
function viewsOf(job, entries, now) {
  const attempts = attemptsRun(job, entries);
  const due = isDue(attempts) ? [{ state: 'waiting', placedAt: 0, endedAt: 0 }] : [];
  const all = [...attempts, ...due];
  return all.map((attempt, index) => viewOf(job, all, index, now));
}

function viewOf(job, all, index, now) {
  const [attempt, before] = [all[index], all[index - 1]];
  const begun = attempt.state !== 'waiting';
  return {
    id: attemptId(job.id, index + 1),
    event: job.name,
    root: job.id,
    attempt: index + 1,
    state: attempt.state,
    // BullMQ keeps the name of the worker that took the job last, and of no other.
    node: begun && index === lastBegun(all) ? (job.processedBy ?? '') : '',
    cause: before ? causeAfter(before) : job.repeatJobKey ? 'schedule' : 'manual',
    predecessor: before ? attemptId(job.id, index) : '',
    source: job.data.source,
    params: job.data.params,
    now,
    placed_at: attempt.placedAt,
    finalized_at: attempt.endedAt,
    description: index === all.length - 1 ? (job.failedReason ?? '') : '',
  };
}

function lastBegun(all) {
  return all.findLastIndex((attempt) => attempt.state !== 'waiting');
}

function causeAfter(before) {
  return before.state === 'interrupted' ? 'interrupted' : 'retry';
}

module.exports = { attemptId, attemptsOf, attemptsRun, isDue, viewsOf };
