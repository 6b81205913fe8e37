//! What is said to the identity provider and what it answers, by `openidconnect`.

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 256 << 10;

/// Which claim of the provider is the username here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Subject {
    /// The name that the user signs in with there.
    PreferredUsername,
    /// The provider's own identity of the user: with many, the police number.
    Sub,
    /// The mail address.
    Email,
}

/// An identity provider, and who the platform is to it.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) client_id: String,
    pub(super) client_secret: Option<String>,
    pub(super) redirect_url: String,
    pub(super) username_claim: Subject,
}

/// Where to send the browser, and what to remember until it comes back.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) url: String,
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

/// Why the provider's word was not had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    /// An address that is none.
    #[error("{0}")]
    Settings(String),
    /// It doesn't answer, or not as a provider.
    #[error("{0}")]
    Unreachable(String),
    /// What it said is not signed by it, not for this platform, not for this sign-in, or too old.
    #[error("{0}")]
    Untrusted(String),
    /// It doesn't say the claim that is the username here.
    #[error("the provider does not say the claim that is the username")]
    Nameless,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Provider {
    /// Begins a sign-in. Blocks.
    pub(super) fn ask(&self) -> Result<Asked, ProviderError> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let client = self.client()?;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = ["profile", "email"].map(|scope| Scope::new(scope.into()));
        let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        Ok(Asked {
            url: url.into(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        })
    }

    /// Ends a sign-in: the username that the provider vouches for. Blocks.
    pub(super) fn redeem(
        &self,
        code: String,
        verifier: String,
        nonce: &str,
    ) -> Result<String, ProviderError> {
        let client = self.client()?;
        let request = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| ProviderError::Unreachable(error.to_string()))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier));
        let token = request.request(&send).map_err(|error| ProviderError::Unreachable(in_full(&error)))?;
        let untrusted = |error: &dyn std::error::Error| ProviderError::Untrusted(in_full(error));
        let algorithms = [
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
            CoreJwsSigningAlgorithm::RsaSsaPssSha256,
            CoreJwsSigningAlgorithm::EcdsaP256Sha256,
            CoreJwsSigningAlgorithm::EcdsaP384Sha384,
            CoreJwsSigningAlgorithm::EdDsa,
        ];
        let verifier = client.id_token_verifier().set_allowed_algs(algorithms);
        let id = token.id_token().ok_or(ProviderError::Nameless)?;
        let claims =
            id.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(|error| untrusted(&error))?;
        let name = match self.username_claim {
            Subject::PreferredUsername => claims.preferred_username().map(|name| name.as_str()),
            Subject::Sub => Some(claims.subject().as_str()),
            // An address that anybody may have written proves nothing.
            Subject::Email if claims.email_verified() == Some(true) => {
                claims.email().map(|email| email.as_str())
            }
            Subject::Email => None,
        };
        name.map(str::to_owned).ok_or(ProviderError::Nameless)
    }

    /// Reads the provider's description of itself (OpenID Connect Discovery 1.0) and its keys.
    fn client(&self) -> Result<Client, ProviderError> {
        let wrong = |what: &str| ProviderError::Settings(format!("{what} is no address"));
        let issuer = IssuerUrl::new(self.issuer.clone()).map_err(|_| wrong(&self.issuer))?;
        let redirect = RedirectUrl::new(self.redirect_url.clone()).map_err(|_| wrong(&self.redirect_url))?;
        let metadata = CoreProviderMetadata::discover(&issuer, &send)
            .map_err(|error| ProviderError::Unreachable(in_full(&error)))?;
        let secret = self.client_secret.clone().map(ClientSecret::new);
        let client =
            CoreClient::from_provider_metadata(metadata, ClientId::new(self.client_id.clone()), secret);
        Ok(client.set_redirect_uri(redirect))
    }
}

/// Sends a request to the provider. Redirects are not followed: its addresses are those that it names.
fn send(request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .new_agent();
    let (parts, body) = agent.run(request)?.into_parts();
    let mut body = body;
    let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    Ok(HttpResponse::from_parts(parts, bytes))
}

/// An error with its causes.
fn in_full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
