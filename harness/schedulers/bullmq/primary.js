'use strict';
// The primary: the server that keeps the queues, and works on some of them itself.
//
//   node primary.js --name NAME --port PORT --config REDIS.CONF
//
// It starts redis-server, waits until that has read its records, then starts a worker. It is
// stopped in the order in which a person would do it: the worker first, so that it can still
// report, then Redis. When either of the two ends by itself, the node ends. When this program alone
// is killed, both live on; its next start finds Redis there, and goes on with it.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { parseArgs } = require('node:util');
const Redis = require('ioredis');
const { readSettings } = require('./settings');

// Not `localhost`, which may be ::1 first, where Redis does not listen.
const HOST = '127.0.0.1';
const RETRY = 20;

/** The node: the processes that it has started, the latest first, which is stopped first. */
class Primary {
  constructor({ name, port, config }) {
    this.name = name;
    this.port = Number(port);
    this.config = config;
    this.stops = [];
    this.stopping = false;
  }

  async start() {
    if (await this.answers(() => null)) this.stops.unshift(() => this.shutDown());
    else this.run('redis-server', [this.config]);
    await this.answers(() => RETRY);
    if (!this.stopping) this.run(process.execPath, this.workerWords());
  }

  workerWords() {
    const worker = path.join(__dirname, 'worker.js');
    const redis = `${HOST}:${this.port}`;
    return [worker, '--name', this.name, '--role', 'primary', '--redis', redis];
  }

  /** Start a program that the node can't do without: when it ends, the node ends. */
  run(command, words) {
    const child = spawn(command, words, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => fail(`${command} can't be started: ${error.message}`));
    const ended = once(child, 'exit');
    ended.then(() => this.stopping || fail(`${command} has ended`));
    this.stops.unshift(() => child.kill('SIGTERM') && ended);
  }

  async stop() {
    this.stopping = true;
    for (const stop of this.stops) await stop();
  }

  // ------------------------------------------------------------------ Redis
  /** Whether Redis answers, which it does once its records have been read. */
  async answers(retryStrategy) {
    const redis = this.connect(retryStrategy);
    const answer = await redis.ping().catch(() => undefined);
    redis.disconnect();
    return answer === 'PONG';
  }

  /** Stop a Redis that an earlier start of this program has left. */
  async shutDown() {
    const redis = this.connect(() => null);
    await redis.shutdown().catch(() => undefined); // it closes the connection in place of an answer
  }

  connect(retryStrategy) {
    const { password } = readSettings();
    const redis = new Redis({ host: HOST, port: this.port, password, retryStrategy });
    redis.on('error', () => {}); // refused until it listens
    return redis;
  }
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { name: text, port: text, config: text } });
  const primary = new Primary(values);
  const leave = async () => {
    await primary.stop();
    process.exit();
  };
  process.once('SIGTERM', leave).once('SIGINT', leave);
  await primary.start();
}

main();
