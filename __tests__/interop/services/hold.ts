/** `npm run services`: starts the services, prints how to use them by hand, and ends them on Ctrl-C. */
import { pushSomeImage } from '../../../sandbox/image.ts'
import { instructions } from '../../../sandbox/instructions.ts'
import { startServices } from './client.ts'
import { programPath } from './install.ts'

// Until here and in the middle of the start, Ctrl-C just ends this process, and the services see that.
const services = await startServices()
const { clientTrustConfigs, dir, dockerConfig, env, signingConfigs, trustedRoot, urls } = services
const notes = [
  `sigstore-python with Rekor v2: ${clientTrustConfigs['rekor-v2']}`,
  `No log: ${signingConfigs.timestamp}, with a copy of the trusted root that has no tlogs`,
  `cosign 2.6: ${programPath('cosign2')}, with --new-bundle-format; for Rekor v2 --use-signed-timestamps too`,
  `Registry with the referrers API: ${urls.registry}, without it: ${urls.crane}`,
  `For a password: ${urls['registry-basic']}, for a token: ${urls['registry-bearer']}, both with DOCKER_CONFIG=${dockerConfig}`,
  `What the services say: ${dir}/logs`
]
process.stdout.write(
  instructions({
    ...{ dir, env, trustedRoot, image: await pushSomeImage(urls.registry), notes },
    signingConfig: signingConfigs['rekor-v1'],
    signingConfigV2: signingConfigs['rekor-v2'],
    clientTrustConfig: clientTrustConfigs['rekor-v1'],
    programs: {
      cosign: programPath('cosign'),
      sigstore: programPath('sigstore-python'),
      modelSigning: programPath('model-signing')
    }
  })
)
const end = (): void => {
  void services.stop()
}
process.once('SIGINT', end).once('SIGTERM', end)
