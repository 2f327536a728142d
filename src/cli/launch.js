#!/usr/bin/env node
// Finds a Node that runs TypeScript as it is, and hands over to it. Plain JavaScript that Node 20 understands.
import { spawn } from 'node:child_process'
import module, { createRequire } from 'node:module'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const leastMajor = 26
const handedOver = 'usher'
const self = fileURLToPath(import.meta.url)

if (Number(process.versions.node.split('.')[0]) >= leastMajor) {
  // Types are stripped, and code is compiled, only once. Where the folder cannot be written, nothing is kept.
  module.enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/usher', import.meta.url)))
  const { main } = await import('./main.ts')
  await main(process.argv.slice(2))
} else {
  // The one that was handed over to must not hand over again.
  const node = process.argv0 === handedOver ? undefined : findNode()
  if (node === undefined) {
    process.stderr.write(
      `usher: Node ${leastMajor} or newer is needed, and this is ${process.version}; run npm ci, which brings it on Linux\n`,
    )
    process.exit(1)
  }
  handOver(node)
}

/** The Node that npm ci has put beside us. */
function findNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-linux-${process.arch}/bin/node`)
  } catch {
    return undefined
  }
}

/** Runs the same command line there; signals go on to it, and its end is ours. */
function handOver(node) {
  const child = spawn(node, [...process.execArgv, self, ...process.argv.slice(2)], {
    argv0: handedOver,
    stdio: 'inherit',
  })
  const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`usher: ${node} cannot be run: ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}
