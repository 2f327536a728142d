import type { FileEntry } from './file-node.ts'
import type { ContainerPart, Declared } from './read-container.ts'
import type { Scope } from './scope.ts'

/** Warns of what the top declares and no container names: a typing error of either would go unseen. */
export function warnUnused({ report }: Scope, volumes: FileEntry | undefined, { secrets, configs }: Declared, parts: readonly ContainerPart[]): void {
  // What names it may be what is wrong.
  if (report.problems.length > 0) return
  const seen = new Set(parts.flatMap((part) => part.volumes.map(({ name }) => name)))
  for (const { key, at } of volumes?.value.kind === 'map' ? volumes.value.entries : []) {
    if (!seen.has(key)) report.warning(at, `the volume ${key} is named by no container, and is not made`)
  }
  const files = parts.flatMap((part) => part.files)
  const variables = new Set(parts.flatMap(({ own }) => own.environment.flatMap((each) => ('allOfSecret' in each ? each.allOfSecret : 'secret' in each ? each.secret : []))))
  for (const [key, { type, name, at }] of [...secrets, ...configs]) {
    const isNamed = files.some((file) => file.type === type && file.name === name) || (type === 'secret' && variables.has(name))
    if (!isNamed) report.warning(at, `the ${type} ${key} is named by no container`)
  }
}
