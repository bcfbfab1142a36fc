'use strict';
// The worker program of every node: BullMQ workers for the node's queues, whose jobs are scripts.
//
//   node worker.js --name NAME --role primary|worker --redis HOST:PORT
//
// It is what BullMQ's documentation shows, with scripts as processors. A clean stop (SIGTERM) is
// `worker.close()`: nothing new is taken, and running jobs get SIGTERM and some seconds in which
// they may still report their end. A job that has not ended by then is left to BullMQ: its lock
// runs out, and the job counts as stalled.

const { setTimeout: wait } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const { Worker } = require('bullmq');
const { Script } = require('./job');
const { strategyFor } = require('./schedule');
const { addressOf, queuesOf, readSettings } = require('./settings');

/** The workers of a node, and the jobs whose end has not been reported. */
class Node {
  constructor({ name, role, redis }, settings) {
    this.name = name;
    this.settings = settings;
    this.open = new Map();
    this.stopping = false;
    this.connection = { ...addressOf(redis), password: settings.password };
    this.workers = queuesOf(name, role, settings).map((queue) => this.work(queue));
  }

  /** A worker for one queue. */
  work({ name, maxStalledCount }) {
    const { lockDuration, stalledInterval, drainDelay, concurrency, minute } = this.settings;
    const worker = new Worker(name, (job, token, signal) => this.process(job, token, signal), {
      connection: this.connection,
      name: this.name,
      concurrency,
      lockDuration,
      stalledInterval,
      maxStalledCount,
      drainDelay,
      settings: { repeatStrategy: strategyFor(minute) },
    });
    worker.on('error', (error) => console.error(`${name}: ${error.message}`));
    worker.on('completed', (job) => this.settle(job.token));
    worker.on('failed', (job) => this.settle(job?.token));
    // As the documentation recommends: a job whose lock was lost is ended.
    worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => worker.cancelJob(id)));
    return worker;
  }

  /** The processor: run the script, and throw when it fails. A lock's token names the attempt. */
  async process(job, token, signal) {
    if (this.stopping) return never();
    const script = new Script(job, this.settings.minute);
    this.open.set(token, script);
    signal.addEventListener('abort', () => script.signal('SIGTERM'));
    try {
      await script.succeed();
    } catch (error) {
      if (!this.stopping) throw error;
      // The stop of this node ended the job, so nothing is reported: the job keeps its lock until
      // that runs out, and then it has stalled.
      this.settle(token);
      return never();
    }
  }

  settle(token) {
    this.open.delete(token);
    if (this.open.size === 0) this.idle?.();
  }

  async ready() {
    await Promise.all(this.workers.map((worker) => worker.waitUntilReady()));
  }

  /** Take nothing new, end the jobs by SIGTERM, and by SIGKILL after the grace. */
  async stop() {
    this.stopping = true;
    this.workers.forEach((worker) => worker.close());
    this.open.forEach((script) => script.signal('SIGTERM'));
    const idle = new Promise((resolve) => (this.idle = resolve));
    if (this.open.size) await Promise.race([idle, wait(this.settings.grace)]);
    this.open.forEach((script) => script.signal('SIGKILL'));
  }
}

/** A promise without end, for a processor that must report nothing. */
function never() {
  return new Promise(() => {});
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { name: text, role: text, redis: text } });
  const node = new Node(values, readSettings());
  const leave = async () => {
    await node.stop();
    process.exit();
  };
  process.once('SIGTERM', leave).once('SIGINT', leave);
  await node.ready();
  console.log(`${values.name} works on ${node.workers.map((worker) => worker.name).join(', ')}`);
}

main();
