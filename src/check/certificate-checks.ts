import { X509Certificate } from 'node:crypto'
import { formatAge } from '../units/age.ts'
import type { JsonObject } from '../units/json.ts'
import { certificateBlocks } from '../units/pem.ts'
import { valueOf, whenTold } from './asked.ts'
import type { Facts } from './facts.ts'
import { failed, type Finding, ok, skipped, warning } from './finding.ts'
import { type Installation, partNames } from './installation.ts'
import { textAt } from './json-paths.ts'
import { bundlesOf, ourConfigurations } from './registration.ts'

/** The API server trusts a CA that is valid. */
export function judgeCa(facts: Facts): Finding {
  return whenTold(facts.webhookConfigurations, (all) => {
    const [configuration] = ourConfigurations(all)
    if (configuration === undefined) return skipped('there is no webhook configuration that could have a CA')
    const bundles = bundlesOf(configuration)
    const hint = caRemedy(facts.installation, configuration)
    const cas = bundles.map(certificatesIn)
    if (cas.some((each) => each.length === 0)) return failed('a webhook of the configuration has no CA: the API server trusts nobody there', { hint })
    if (bundles.length > 1) return warning('the webhooks of the configuration have several CAs', { hint })
    const [trusted = []] = cas
    const valid = trusted.filter((ca) => isValid(ca, facts.now))
    if (valid.length === 0) return failed('every CA of the configuration has expired, or is not valid yet', { items: trusted.map((ca) => spanOf(ca, facts.now)), hint })
    const last = valid.toSorted((left, right) => left.validToDate.getTime() - right.validToDate.getTime()).at(-1)
    return last === undefined ? skipped('') : judgeAge(last, facts.now, 'the CA', hint)
  })
}

/** The certificate that is served is valid, is for the Service's name, and is of a CA that the API server trusts. */
export function judgeCertificate(facts: Facts): Finding {
  const { secret, installation, now, webhookConfigurations } = facts
  const { secret: name } = partNames(installation)
  const configurations = ourConfigurations(valueOf(webhookConfigurations) ?? [])
  const source = sourceOf(installation, configurations[0])
  return whenTold(secret, (data) => {
    const remedy = certificateRemedy(source, installation.namespace, name)
    if (data === undefined) {
      const hint = source === 'self' ? 'the webhook makes it; its log says why it does not (usher-rights)' : remedy
      return failed(`there is no Secret ${name}: the webhook has no certificate`, { hint })
    }
    const [leaf, ...chain] = certificatesIn(data['tls.crt'] ?? '')
    if (leaf === undefined) return failed(`Secret ${name} holds no certificate in tls.crt`, { hint: remedy })
    if (!isValid(leaf, now)) return failed(`the certificate of the webhook is not valid: ${spanOf(leaf, now)}`, { hint: remedy })
    const service = textAt(installation.service, 'metadata', 'name')
    const host = `${service}.${installation.namespace}.svc`
    if (service !== undefined && leaf.checkHost(host, { wildcards: false }) === undefined) return failed(`the certificate of the webhook is not for ${host}`, { hint: remedy })
    const trusted = configurations.flatMap(bundlesOf).flatMap(certificatesIn)
    if (trusted.length > 0 && !isTrusted(leaf, chain, trusted)) {
      return failed('the certificate of the webhook is of a CA that the API server does not trust', { hint: remedy })
    }
    return judgeAge(leaf, now, 'the certificate', remedy)
  })
}

/** Who makes certificate and CA: `webhook.certificates.source` of the chart. */
type CertificateSource = 'self' | 'certManager' | 'secret'

/** Of what the chart makes of each: the webhook is told of a Secret that it makes, or cert-manager of the configuration. */
function sourceOf(installation: Installation, configuration: JsonObject | undefined): CertificateSource {
  if (partNames(installation).isOwnSecret) return 'self'
  return textAt(configuration, 'metadata', 'annotations', injectedFrom) === undefined ? 'secret' : 'certManager'
}

const injectedFrom = 'cert-manager.io/inject-ca-from'

/** How a CA comes into the configuration. */
function caRemedy(installation: Installation, configuration: JsonObject): string {
  const { namespace } = installation
  const remedies: Readonly<Record<CertificateSource, string>> = {
    self: `the webhook puts its CA in within a minute; kubectl -n ${namespace} logs -l app.kubernetes.io/component=webhook says why it does not`,
    certManager: `cert-manager's cainjector puts it in, of Certificate ${textAt(configuration, 'metadata', 'annotations', injectedFrom)}: kubectl -n ${namespace} describe certificate, and the cainjector's log, say why it does not`,
    secret: `it is yours (webhook.certificates.source is secret): helm upgrade with webhook.certificates.caBundle, the CA of Secret ${partNames(installation).secret}, puts it in, unless something else of yours does`,
  }
  return remedies[sourceOf(installation, configuration)]
}

/** How a certificate is made anew. */
function certificateRemedy(source: CertificateSource, namespace: string, name: string): string {
  const remedies: Readonly<Record<CertificateSource, string>> = {
    self: `kubectl -n ${namespace} delete secret ${name}: the webhook makes it anew within a minute`,
    certManager: `kubectl -n ${namespace} describe certificate says why cert-manager does not renew it; when Secret ${name} is deleted, it makes it anew`,
    secret: `Secret ${name} is yours (webhook.certificates.source is secret): put a new certificate into it, for usher-webhook.${namespace}.svc`,
  }
  return remedies[source]
}

/** Whether it is of one of these CAs, or of one that comes with it and is. */
function isTrusted(leaf: X509Certificate, chain: readonly X509Certificate[], trusted: readonly X509Certificate[]): boolean {
  if (trusted.some((ca) => isOf(leaf, ca))) return true
  return chain.some((next, index) => isOf(leaf, next) && isTrusted(next, chain.toSpliced(index, 1), trusted))
}

function isOf(certificate: X509Certificate, ca: X509Certificate): boolean {
  return certificate.checkIssued(ca) && certificate.verify(ca.publicKey)
}

// It is renewed when a third is left; whoever still serves it after that has not been able to.
const renewedBefore = 0.3

function judgeAge(certificate: X509Certificate, now: number, title: string, hint: string): Finding {
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()]
  const left = to - now
  if (left < renewedBefore * (to - from)) return warning(`${title} ends soon, and should have been renewed: ${spanOf(certificate, now)}`, { hint })
  return ok(`${title} is valid: ${spanOf(certificate, now)}`)
}

function isValid({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now < validToDate.getTime()
}

function spanOf({ validFromDate, validToDate }: X509Certificate, now: number): string {
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()]
  if (now < from) return `it begins in ${formatAge((from - now) / 1_000)}`
  return now < to ? `it ends in ${formatAge((to - now) / 1_000)}` : `it ended ${formatAge((now - to) / 1_000)} ago`
}

function certificatesIn(pem: string): readonly X509Certificate[] {
  return certificateBlocks(pem).flatMap((text) => {
    try {
      return [new X509Certificate(text)]
    } catch {
      return []
    }
  })
}
