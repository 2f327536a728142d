/** A Kubernetes minor version. */
export interface KubeVersion {
  readonly major: number
  readonly minor: number
}

const text = /^v?(\d{1,4})\.(\d{1,4})\+?(?:\.[0-9A-Za-z.+-]*)?(?:[-+][0-9A-Za-z.+-]*)?$/

/**
 * Reads a version as Kubernetes writes it: `1.37`, `v1.37.2`, `1.29+`, `v1.30.4-gke.100`.
 *
 * @returns undefined where the text is none of these.
 */
export function parseKubeVersion(version: string): KubeVersion | undefined {
  const match = text.exec(version)
  if (match === null) return undefined
  return { major: Number(match[1]), minor: Number(match[2]) }
}

/** True when `version` is `floor` or newer. */
export function atLeast(version: KubeVersion, floor: KubeVersion): boolean {
  return version.major > floor.major || (version.major === floor.major && version.minor >= floor.minor)
}
