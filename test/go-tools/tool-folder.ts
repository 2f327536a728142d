import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type GroupName, toolGroup } from './tool-groups.ts'

/** The folder of a group's Go module. */
export function moduleFolder(name: GroupName): string {
  return join(import.meta.dirname, toolGroup(name).folder)
}

/** The flags of `go build` for a group. */
export function buildFlags(name: GroupName): readonly string[] {
  const { variables, tags = [] } = toolGroup(name)
  const linking = Object.entries(variables?.(toolVersion(name)) ?? {}).map(([variable, value]) => `-X=${variable}=${value}`)
  const tagged = tags.length === 0 ? [] : ['-tags', tags.join(',')]
  return ['-trimpath', '-buildvcs=false', ...tagged, '-ldflags', ['-s', '-w', ...linking].join(' ')]
}

/** The variables of `go build` for a group: outside any workspace of the developer's, which would not know these modules. */
export function buildVariables(name: GroupName): Readonly<Record<string, string>> {
  return { CGO_ENABLED: toolGroup(name).cgo === true ? '1' : '0', GOWORK: 'off' }
}

/** The version of a group's tools, as its go.mod pins it: `v1.37.2`. */
export function toolVersion(name: GroupName): string {
  const { module, folder } = toolGroup(name)
  const text = readFileSync(join(moduleFolder(name), 'go.mod'), 'utf8')
  const version = text.match(new RegExp(`^(?:require |\\t)${RegExp.escape(module)} (v\\S+)`, 'm'))?.[1]
  if (version === undefined) throw new Error(`test/go-tools/${folder}/go.mod does not require ${module}`)
  return version
}

/**
 * Where a group's binaries are kept, outside the repository; whatever changes them changes the folder. Groups of one
 * module share it, and a group may gain a binary without the others being built again: which package a binary is built
 * from stands among the tools of go.mod.
 */
export function toolFolder(name: GroupName): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder(name), file)))
  hash.update(JSON.stringify([buildFlags(name), buildVariables(name), process.platform, process.arch]))
  return join(cache, 'usher', 'tools', hash.digest('hex').slice(0, 16))
}

/** The binaries of a group that are not built yet. */
export function missingTools(name: GroupName): readonly string[] {
  const folder = toolFolder(name)
  return Object.keys(toolGroup(name).packages).filter((binary) => !existsSync(join(folder, binary)))
}

/** The files of a group that are not beside its binaries yet. */
export function missingFiles(name: GroupName): readonly string[] {
  const folder = toolFolder(name)
  return Object.keys(toolGroup(name).files ?? {}).filter((file) => !existsSync(join(folder, file)))
}

/** As {@link toolFolder}; throws, and says what to do, where a tool of the group is not built yet. */
export function builtFolder(name: GroupName): string {
  const [missing] = [...missingTools(name), ...missingFiles(name)]
  if (missing === undefined) return toolFolder(name)
  throw new Error(`${missing} ${toolVersion(name)} is not built yet; node test/go-tools/build.ts ${name} builds it`)
}
