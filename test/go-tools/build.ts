/** Builds groups of tools, and prints where they are: `node test/go-tools/build.ts kubernetes etcd`. */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { buildFlags, buildVariables, missingFiles, missingTools, moduleFolder, toolFolder, toolVersion } from './tool-folder.ts'
import { type GroupName, isGroupName, toolGroup, toolGroups } from './tool-groups.ts'

// Somebody who watches a build wants to know that it goes on.
const sayAgainMs = 30_000

if (import.meta.main) {
  // A build takes both cores of a small machine for minutes.
  setPriority(constants.priority.PRIORITY_LOW)
  try {
    const names = process.argv.slice(2).map(parseName)
    await buildTools(names, (line) => process.stderr.write(`${line}\n`))
    for (const name of names) {
      for (const binary of Object.keys(toolGroup(name).packages)) process.stdout.write(`${join(toolFolder(name), binary)}\n`)
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

/**
 * Builds every tool of some groups that is not there yet, one after the other.
 *
 * @param say gets a line where a build begins, now and then while it goes on, and where it ends.
 */
export async function buildTools(names: readonly GroupName[], say: (line: string) => void): Promise<void> {
  for (const name of names) {
    for (const binary of missingTools(name)) await build(name, binary, say)
    for (const file of missingFiles(name)) await copy(name, file)
  }
}

async function build(name: GroupName, binary: string, say: (line: string) => void): Promise<void> {
  const folder = toolFolder(name)
  mkdirSync(folder, { recursive: true })
  const what = `${binary} ${toolVersion(name)}`
  say(`building ${what}`)
  const start = performance.now()
  const seconds = (): number => Math.round((performance.now() - start) / 1_000)
  const timer = setInterval(() => say(`still building ${what}, for ${seconds()} s`), sayAgainMs)
  // Renamed when it is whole, so that nobody runs half a binary; builds beside this one have a name of their own.
  const unfinished = join(folder, `${binary}.${process.pid}.tmp`)
  try {
    await go(['build', ...buildFlags(name), '-o', unfinished, toolGroup(name).packages[binary] ?? ''], name)
    renameSync(unfinished, join(folder, binary))
  } finally {
    clearInterval(timer)
    rmSync(unfinished, { force: true })
  }
  say(`built ${what} in ${seconds()} s`)
}

/** Copies manifests that a module has; those of a folder become one file. */
async function copy(name: GroupName, file: string): Promise<void> {
  const source = toolGroup(name).files?.[file]
  if (source === undefined) return
  const path = join((await go(['list', '-m', '-f', '{{.Dir}}', source.module], name)).trim(), source.path)
  const paths = statSync(path).isDirectory() ? readdirSync(path).filter((each) => /^[^.].*\.yaml$/.test(each) && each !== 'kustomization.yaml').toSorted().map((each) => join(path, each)) : [path]
  const unfinished = join(toolFolder(name), `${file}.${process.pid}.tmp`)
  writeFileSync(unfinished, paths.map((each) => readFileSync(each, 'utf8')).join('\n---\n'))
  renameSync(unfinished, join(toolFolder(name), file))
}

/** Runs go where the group's module is, and gives what it prints. */
async function go(args: readonly string[], name: GroupName): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const env = { ...process.env, ...buildVariables(name) }
  const child = spawn('go', args, { cwd: moduleFolder(name), env, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (printed += chunk))
  child.on('error', (error: NodeJS.ErrnoException) => {
    const missing = 'go is not on the PATH; install Go 1.26 or newer, and run this again'
    reject(error.code === 'ENOENT' ? new Error(missing, { cause: error }) : error)
  })
  child.on('close', (code, signal) => {
    if (code === 0) resolve(printed)
    else reject(new Error(`go ${args.join(' ')} ended with ${code ?? signal}`))
  })
  return promise
}

function parseName(name: string): GroupName {
  if (isGroupName(name)) return name
  throw new Error(`${name} is no group of tools; there are ${Object.keys(toolGroups).join(', ')}`)
}
