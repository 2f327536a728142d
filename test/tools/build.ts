/** Builds the tools that the tests of this folder run: `node test/tools/build.ts`. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { buildFlags, type GroupName, groupNames, moduleFolder, toolFolder, toolGroups, toolVersion } from './tool-groups.ts'

if (import.meta.main) {
  // A build takes both cores of a small machine for minutes.
  setPriority(constants.priority.PRIORITY_LOW)
  try {
    const folders = await buildTools((line) => process.stderr.write(`${line}\n`))
    for (const name of groupNames) {
      for (const binary of Object.keys(toolGroups[name].packages)) process.stdout.write(`${join(folders[name], binary)}\n`)
    }
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}

/**
 * Builds every tool that is not there yet, one after the other.
 *
 * @param say gets a line where a build begins and where it ends.
 * @returns the folder of each group's binaries.
 */
export async function buildTools(say: (line: string) => void): Promise<Readonly<Record<GroupName, string>>> {
  const folders = {} as Record<GroupName, string>
  for (const name of groupNames) folders[name] = await buildGroup(name, say)
  return folders
}

async function buildGroup(name: GroupName, say: (line: string) => void): Promise<string> {
  const folder = toolFolder(name)
  for (const [binary, source] of Object.entries(toolGroups[name].packages)) {
    const path = join(folder, binary)
    if (existsSync(path)) continue
    mkdirSync(folder, { recursive: true })
    const what = `${binary} ${toolVersion(name)}`
    say(`building ${what}`)
    const start = performance.now()
    // Renamed when it is whole, so that nobody runs half a binary; builds beside this one have a name of their own.
    const unfinished = `${path}.${process.pid}.tmp`
    try {
      await go(['build', ...buildFlags(name), '-o', unfinished, source], moduleFolder(name))
      renameSync(unfinished, path)
    } finally {
      rmSync(unfinished, { force: true })
    }
    say(`built ${what} in ${Math.round((performance.now() - start) / 1_000)} s`)
  }
  return folder
}

async function go(args: readonly string[], cwd: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // Outside any workspace of the developer's, which would not know these modules.
  const env = { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' }
  const child = spawn('go', args, { cwd, env, stdio: ['ignore', 'inherit', 'inherit'] })
  child.on('error', (error: NodeJS.ErrnoException) => {
    const missing = 'go is not on the PATH; install Go 1.26 or newer, and run this again'
    reject(error.code === 'ENOENT' ? new Error(missing, { cause: error }) : error)
  })
  child.on('close', (code, signal) => {
    if (code === 0) resolve()
    else reject(new Error(`go ${args.join(' ')} ended with ${code ?? signal}`))
  })
  await promise
}
