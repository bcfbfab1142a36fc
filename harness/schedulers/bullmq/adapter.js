'use strict';
// The adapter: the kit's questions (docs/adapters.md), answered by BullMQ.
//
// This file speaks the protocol; `scheduler.js` knows BullMQ.

const readline = require('node:readline');
const { Refusal, Scheduler } = require('./scheduler');

// An answer is expected within ten seconds.
const LIMIT = 8000;

async function answerTo({ id, verb, ...asked }, scheduler) {
  try {
    const value = await within(LIMIT, scheduler[verb](asked));
    return { answer: 'done', id, value };
  } catch (error) {
    if (error instanceof Refusal) {
      return { answer: 'refused', id, code: error.code, message: error.message };
    }
    // Whatever was sent may have been done.
    return { answer: 'maybe', id, message: error.message };
  }
}

async function within(limit, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Redis did not answer within ${limit} ms`)), limit);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function main() {
  const scheduler = new Scheduler(process.env);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answer = await answerTo(JSON.parse(line), scheduler);
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  scheduler.close();
}

main();
