// What the applications in JavaScript share: named steps, each said when it holds, and the user they send away.
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin });
const heard = lines[Symbol.asyncIterator]();

// Where the user's browser ends who is sent to this address.
export async function visit(address) {
  console.log(`visit ${address}`);
  return new URL((await heard.next()).value);
}

// The steps named on the command line, one after the other; the first that doesn't hold ends the process.
export async function run(steps) {
  for (const name of process.argv.slice(2)) {
    await steps[name]();
    console.log(`holds ${name}`);
  }
  lines.close();
}

// The one word of an OAuth error, whichever way the library tells it.
export async function refused(call, word) {
  try {
    await call();
  } catch (error) {
    if (error.error === word) return;
    throw error;
  }
  throw new Error(`${word} was expected`);
}
