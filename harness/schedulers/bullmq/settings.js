'use strict';
// What the nodes and the adapter must agree on: the settings, and which queue is whose.
//
// BullMQ knows queues and workers, no servers. A target of the kit becomes a queue, and each node
// works on the queues of its own name, of its role, and of everybody.

const EVERYBODY = 'everybody';
const WORKERS = 'workers';
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** The settings of BullMQ and of this program, as the system's file hands them over. */
function readSettings(env = process.env) {
  return {
    lockDuration: number(env, 'BULLMQ_LOCK_DURATION', 30000),
    stalledInterval: number(env, 'BULLMQ_STALLED_INTERVAL', 30000),
    maxStalledCount: number(env, 'BULLMQ_MAX_STALLED_COUNT', 1),
    drainDelay: number(env, 'BULLMQ_DRAIN_DELAY', 5),
    concurrency: number(env, 'BULLMQ_CONCURRENCY', 50),
    // How long a stopped worker leaves its jobs, and how long a minute of the schedule lasts.
    grace: number(env, 'BULLMQ_GRACE', 10000),
    minute: number(env, 'BULLMQ_MINUTE', 60000),
    password: env.BULLMQ_REDIS_PASSWORD,
  };
}

/** A setting that is a number, not below zero, and written as nothing else. */
function number(env, name, otherwise) {
  const value = env[name] === undefined ? otherwise : Number(env[name]);
  if (!(value >= 0)) throw new Error(`${name} is ${env[name]}, which is no number of at least 0`);
  return value;
}

/** Where Redis listens: `host:port`, or the http:// address by which the kit names a node. */
function addressOf(text) {
  const { hostname, port } = new URL(text.includes('://') ? text : `redis://${text}`);
  return { host: hostname, port: Number(port) };
}

/**
 * The queue of an event, or undefined for a target that no queue stands for.
 *
 * Run All is a matter of the queue too: how often a stalled job is run again is a setting of the
 * workers, so events that want no rerun have queues of their own.
 */
function queueOf(event) {
  const names = { '*': EVERYBODY, 'worker-*': WORKERS };
  const name = names[event.target] ?? (NAME.test(event.target) ? event.target : undefined);
  return name && queueNamed(name, event.catch_up === true);
}

function queueNamed(name, runAll) {
  return runAll ? name : `${name}.once`;
}

/** The queues that a node works on, each with the number of stalls after which it gives up. */
function queuesOf(node, role, settings) {
  const names = role === 'worker' ? [node, WORKERS, EVERYBODY] : [node, EVERYBODY];
  return names.flatMap((name) => [
    { name: queueNamed(name, true), maxStalledCount: settings.maxStalledCount },
    { name: queueNamed(name, false), maxStalledCount: 0 },
  ]);
}

module.exports = { addressOf, queueOf, queuesOf, readSettings };
