'use strict';
// One job: a shell script in a process group of its own, and what becomes of it.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { attemptId } = require('./attempts');
const { nowOf } = require('./schedule');

// Variables of the worker that its jobs do not get.
const PRIVATE = /^BULLMQ_/;

/** The script of a job, running from the start. */
class Script {
  constructor(job, minute) {
    const { script, ...params } = job.data.params;
    const env = { ...inherited(), ...upperCase(params), ...claimsOf(job, minute) };
    const stdio = ['ignore', 'inherit', 'inherit'];
    // A group of its own, so that a stop reaches everything that the script has started.
    this.child = spawn('sh', ['-c', script], { env, stdio, detached: true });
    this.ended = once(this.child, 'exit');
  }

  /** Wait for the script's end. Throws unless it ends with status 0. */
  async succeed() {
    const [code, signal] = await this.ended;
    if (code !== 0) throw new Error(signal ? `ended by ${signal}` : `exit status ${code}`);
  }

  /** Signal the script and all that it has started, unless it has ended already. */
  signal(name) {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    try {
      process.kill(-this.child.pid, name);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

function inherited() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !PRIVATE.test(name)));
}

function upperCase(params) {
  const entries = Object.entries(params);
  return Object.fromEntries(entries.map(([name, value]) => [name.toUpperCase(), String(value)]));
}

/** BullMQ's own words about the job. It counts its starts, so the count is the attempt. */
function claimsOf(job, minute) {
  return {
    JOB_ID: attemptId(job.id, job.attemptsStarted),
    JOB_ROOT: job.id,
    JOB_ATTEMPT: String(job.attemptsStarted),
    JOB_EVENT: job.name,
    JOB_NOW: String(nowOf(job, minute)),
    JOB_SOURCE: job.data.source,
  };
}

module.exports = { Script };
