import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface ToolGroup {
  /** Binaries, and the packages that they are built from. */
  readonly packages: Readonly<Record<string, string>>
  /** The module that carries the version. */
  readonly module: string
  /** Variables that the linker sets, or a tool would not know its own version. */
  readonly variables?: (version: string) => Readonly<Record<string, string>>
}

/** The tools, by Go module: one for each, because their dependencies differ. */
export const toolGroups = {
  kubernetes: {
    module: 'k8s.io/kubernetes',
    packages: {
      kubectl: 'k8s.io/kubernetes/cmd/kubectl',
      'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
    },
    variables: kubernetesVariables,
  },
  etcd: { module: 'go.etcd.io/etcd/server/v3', packages: { etcd: 'go.etcd.io/etcd/server/v3' } },
  helm: {
    module: 'helm.sh/helm/v4',
    packages: { helm: 'helm.sh/helm/v4/cmd/helm' },
    variables: (version) => ({ 'helm.sh/helm/v4/internal/version.version': version }),
  },
  helm3: {
    module: 'helm.sh/helm/v3',
    packages: { helm: 'helm.sh/helm/v3/cmd/helm' },
    variables: (version) => ({ 'helm.sh/helm/v3/internal/version.version': version }),
  },
} as const satisfies Readonly<Record<string, ToolGroup>>

/** The name of a group, which is also the folder of its Go module. */
export type GroupName = keyof typeof toolGroups

/** The names of all groups. */
export const groupNames = Object.keys(toolGroups) as GroupName[]

/** The folder of a group's Go module. */
export function moduleFolder(name: GroupName): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

/** The flags of `go build` for a group. */
export function buildFlags(name: GroupName): readonly string[] {
  const group: ToolGroup = toolGroups[name]
  const variables = Object.entries(group.variables?.(toolVersion(name)) ?? {})
  const linking = ['-s', '-w', ...variables.map(([variable, value]) => `-X=${variable}=${value}`)]
  return ['-trimpath', '-buildvcs=false', '-ldflags', linking.join(' ')]
}

/** The version of a group's tools, as its go.mod pins it: `v1.37.2`. */
export function toolVersion(name: GroupName): string {
  const { module } = toolGroups[name]
  const text = readFileSync(join(moduleFolder(name), 'go.mod'), 'utf8')
  const version = text.match(new RegExp(`^(?:require |\\t)${RegExp.escape(module)} (v\\S+)`, 'm'))?.[1]
  if (version === undefined) throw new Error(`test/tools/${name}/go.mod does not require ${module}`)
  return version
}

/** Where a group's binaries are kept, outside the repository; whatever changes them changes the folder. */
export function toolFolder(name: GroupName): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  const hash = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(moduleFolder(name), file)))
  hash.update(JSON.stringify([buildFlags(name), toolGroups[name].packages, process.platform, process.arch]))
  return join(cache, 'usher', 'tools', hash.digest('hex').slice(0, 16))
}

/** As {@link toolFolder}; throws, and says what to do, where a tool of the group is not built yet. */
export function builtFolder(name: GroupName): string {
  const folder = toolFolder(name)
  const missing = Object.keys(toolGroups[name].packages).find((binary) => !existsSync(join(folder, binary)))
  if (missing !== undefined) throw new Error(`${missing} ${toolVersion(name)} is not built yet; npm run test:tools builds it`)
  return folder
}

function kubernetesVariables(version: string): Readonly<Record<string, string>> {
  const [major = '', minor = ''] = version.slice(1).split('.')
  const variables: Record<string, string> = {}
  for (const place of ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']) {
    Object.assign(variables, {
      [`${place}.gitVersion`]: version,
      [`${place}.gitMajor`]: major,
      [`${place}.gitMinor`]: minor,
    })
  }
  return variables
}
