'use strict';
// BullMQ by the kit's verbs.
//
// BullMQ has jobs and job schedulers, no events. An event is what a program that uses BullMQ knows
// of its own jobs: it is kept here, and becomes a job whenever it is run, and a job scheduler when
// it has a timing. What an answer says about jobs is read from BullMQ anew each time.

const { randomUUID } = require('node:crypto');
const Redis = require('ioredis');
const { Queue } = require('bullmq');
const { attemptsOf, attemptsRun, isDue, viewsOf } = require('./attempts');
const { nowOf, repeatOf, slotOf, strategyFor } = require('./schedule');
const { addressOf, queueOf, readSettings } = require('./settings');

const NOT_ONE_RERUN =
  'its bounds are the settings maxStalledCount and attempts, not those of an event';
const NO_LIMITS = 'a limit belongs to a queue (setGlobalConcurrency), not to one kind of its jobs';
const NO_CATCH_UP = 'a job scheduler knows one next time, and makes up for no other';
const CANNOT = {
  abort: 'a job that runs can only be cancelled by the worker that runs it (Worker.cancelJob)',
  event: 'a job scheduler tells its next time, and not which it has served',
  leader: 'no server leads: whoever takes a job of a schedule adds the next one',
  ledger: 'it keeps none',
  'event.enabled': 'a job scheduler is there or it is not; jobs of one kind can not be held back',
  'event.timeout': 'it has no time limit for jobs; a processor may have its own',
  'event.max_children': NO_LIMITS,
  'event.queue_max': 'its queues have no length',
  'event.missed': NO_CATCH_UP,
  'event.missed_age': NO_CATCH_UP,
  'event.max_reruns': NOT_ONE_RERUN,
  'event.rerun_age': NOT_ONE_RERUN,
};
// BullMQ's counter of starts gives the attempts of a lineage: see `attempts.js`.
const CAPABILITIES = ['lineage'];
const STATES = ['active', 'waiting', 'delayed', 'prioritized', 'paused', 'completed', 'failed'];
const SCHEDULE = ['timing', 'timezone', 'target', 'catch_up', 'params', 'retries', 'retry_delay'];
const FINISHED = ['completed', 'failed'];
// A worker that finds nothing to do asks Redis again after `drainDelay`. A worker that has been
// silent for longer than that and these seconds is out of reach. Redis counts whole seconds.
const SILENCE = 2;
const WORKER = /^bull:\S+:w:(\S+)$/;
const RETRY = 100;

/** A request that certainly did nothing, with a code that programs may compare. */
class Refusal extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

class Scheduler {
  constructor(env) {
    this.settings = readSettings(env);
    this.events = new Map();
    this.queues = new Map();
    // Questions must fail quickly while Redis is away, and be answered at once when it is back.
    this.redis = new Redis({
      ...addressOf(env.BULLMQ_REDIS.split(' ')[0]),
      password: this.settings.password,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: () => RETRY,
    });
    this.redis.on('error', () => {}); // `connected` refuses where it matters
  }

  // ------------------------------------------------------------------ what it is
  async describe() {
    return {
      protocol: 'runall-adapter/1',
      name: 'bullmq',
      version: require('bullmq/package.json').version,
      capabilities: CAPABILITIES,
      cannot: CANNOT,
    };
  }

  /** The nodes whose workers Redis has heard lately, read as `Queue.getWorkers` does, for all. */
  async ready() {
    this.connected();
    const clients = (await this.redis.client('LIST')).split('\n').map(clientOf);
    const heard = clients.filter(({ idle }) => idle <= this.settings.drainDelay + SILENCE);
    return [...new Set(heard.map(({ name }) => WORKER.exec(name)?.[1]).filter(Boolean))];
  }

  async present_slot() {
    return slotOf(Date.now(), this.settings.minute);
  }

  // ------------------------------------------------------------------ events
  async create_event({ event }) {
    this.connected();
    this.placeOf(event);
    await this.schedule(event);
    this.events.set(event.id, event);
  }

  async update_event({ event: id, fields }) {
    this.connected();
    const before = this.known(id);
    const after = { ...before, ...fields };
    if (this.placeOf(before) !== this.placeOf(after)) await this.unschedule(before);
    if (SCHEDULE.some((field) => field in fields)) await this.schedule(after);
    this.events.set(id, after);
  }

  async delete_event({ event: id }) {
    this.connected();
    await this.unschedule(this.known(id));
    this.events.delete(id);
  }

  known(id) {
    const event = this.events.get(id);
    if (!event) throw new Refusal('unknown-event', `there is no event ${id}`);
    return event;
  }

  /** The name of an event's queue. */
  placeOf(event) {
    const name = queueOf(event);
    if (!name) throw new Refusal('target', `no queue stands for the target ${event.target}`);
    return name;
  }

  async schedule(event) {
    if (!event.timing) return;
    const { minute } = this.settings;
    const repeat = repeatOf(event, minute);
    const data = { params: event.params ?? {}, source: '' };
    const template = { name: event.id, data, opts: this.optionsOf(event) };
    await this.queue(this.placeOf(event)).upsertJobScheduler(event.id, repeat, template);
  }

  async unschedule(event) {
    if (event.timing) await this.queue(this.placeOf(event)).removeJobScheduler(event.id);
  }

  /** BullMQ counts tries, and the first is one of them. */
  optionsOf({ retries = 0, retry_delay: delay = 0 }) {
    if (!retries) return {};
    return { attempts: retries + 1, backoff: { type: 'fixed', delay: delay * 1000 } };
  }

  // ------------------------------------------------------------------ jobs
  async run({ event: id, params, source }) {
    this.connected();
    const event = this.known(id);
    // BullMQ's own ids count from 1 in every queue, and jobs of several queues must not be mixed up.
    const options = { ...this.optionsOf(event), jobId: randomUUID() };
    const data = { params: { ...event.params, ...params }, source };
    return (await this.queue(this.placeOf(event)).add(id, data, options)).id;
  }

  async jobs() {
    this.connected();
    const views = await Promise.all([...this.queues.values()].map((queue) => this.viewsIn(queue)));
    return views.flat().sort((one, other) => one.placed_at - other.placed_at);
  }

  async job({ job: id }) {
    return (await this.jobs()).find((view) => view.id === id) ?? null;
  }

  async viewsIn(queue) {
    const attempts = await this.attemptsIn(queue);
    const jobs = await queue.getJobs(STATES);
    const shown = jobs.filter((job) => job && !this.isPlanned(job, attempts));
    const now = (job) => nowOf(job, this.settings.minute);
    return shown.flatMap((job) => viewsOf(job, attempts.get(job.id) ?? [], now(job)));
  }

  async attemptsIn(queue) {
    return attemptsOf(await this.redis.xrange(queue.toKey('events'), '-', '+'));
  }

  /** Whether a job is no more than the next time of a schedule, which has not come. */
  isPlanned(job, attempts) {
    return job.repeatJobKey && !attempts.get(job.id)?.length && job.opts.prevMillis > Date.now();
  }

  /** Whether the job is to be started again; undecided while it runs, because it may stall. */
  async owes({ root }) {
    this.connected();
    for (const queue of this.queues.values()) {
      const attempts = (await this.attemptsIn(queue)).get(root) ?? [];
      const job = await queue.getJob(root);
      if (!job) continue;
      if (FINISHED.includes(await job.getState())) return false;
      return isDue(attemptsRun(job, attempts)) || null;
    }
    return null;
  }

  /** What BullMQ's record of the job says. */
  async reasons({ root }) {
    this.connected();
    const found = await Promise.all([...this.queues.values()].map((queue) => queue.getJob(root)));
    const job = found.find(Boolean);
    if (!job) return '';
    const { attemptsStarted, attemptsMade, stalledCounter, failedReason } = job;
    const counts = { attemptsStarted, attemptsMade, stalledCounter, failedReason };
    return `${await job.getState()} in ${job.queueName}: ${JSON.stringify(counts)}`;
  }

  // ------------------------------------------------------------------ Redis
  /** The queue of that name. */
  queue(name) {
    this.connected();
    if (!this.queues.has(name)) {
      const settings = { repeatStrategy: strategyFor(this.settings.minute) };
      const queue = new Queue(name, { connection: this.redis, settings });
      queue.on('error', (error) => console.error(`${name}: ${error.message}`));
      this.queues.set(name, queue);
    }
    return this.queues.get(name);
  }

  /** Refuse while there is no connection: nothing can have been sent then. */
  connected() {
    if (this.redis.status !== 'ready') throw new Refusal('no-server', 'Redis does not answer');
  }

  close() {
    this.redis.disconnect();
  }
}

/** The name of a connection, and how long it has been silent, in seconds. */
function clientOf(line) {
  const fields = new Map(line.split(' ').map((word) => word.split(/=(.*)/s, 2)));
  return { name: fields.get('name') ?? '', idle: Number(fields.get('idle')) };
}

module.exports = { Refusal, Scheduler };
