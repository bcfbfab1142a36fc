'use strict';
// The primary: the server that keeps the queues, and works on some of them itself.
//
//   node primary.js --name NAME --port PORT --config REDIS.CONF
//
// It starts redis-server, waits until that has read its records, then starts a worker. It is
// stopped in the order in which a person would do it: the worker first, so that it can still
// report, then Redis. When either of the two ends by itself, the node ends.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { parseArgs } = require('node:util');
const Redis = require('ioredis');
const { readSettings } = require('./settings');

// Not `localhost`, which may be ::1 first, where Redis does not listen.
const HOST = '127.0.0.1';
const RETRY = 20;

function start(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  child.on('error', (error) => fail(`${command} can't be started: ${error.message}`));
  return { child, ended: once(child, 'exit') };
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

/** Wait until Redis answers: it does so once its records have been read. */
async function answering(port) {
  const { password } = readSettings();
  const redis = new Redis({ host: HOST, port, password, retryStrategy: () => RETRY });
  redis.on('error', () => {}); // refused until it listens
  await redis.ping();
  redis.disconnect();
}

async function stop({ child, ended }) {
  child.kill('SIGTERM');
  await ended;
}

async function main() {
  const text = { type: 'string' };
  const { values } = parseArgs({ options: { name: text, port: text, config: text } });
  const { name, port, config } = values;
  let stopping = false;
  const running = [];
  const run = (command, args) => {
    const one = start(command, args);
    running.unshift(one); // what was started last is stopped first
    one.ended.then(() => stopping || fail(`${command} has ended`));
  };
  const leave = async () => {
    stopping = true;
    for (const one of running) await stop(one);
    process.exit();
  };
  process.once('SIGTERM', leave).once('SIGINT', leave);
  run('redis-server', [config]);
  await answering(Number(port));
  const worker = path.join(__dirname, 'worker.js');
  if (!stopping)
    run(process.execPath, [
      worker,
      '--name',
      name,
      '--role',
      'primary',
      '--redis',
      `${HOST}:${port}`,
    ]);
}

main();
