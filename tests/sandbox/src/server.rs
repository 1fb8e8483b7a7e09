//! HTTP/1.1 on loopback: reads a request, lets it meet its gate and its fault, hands it to its service.

use std::convert::Infallible;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::answer::{Answer, Refusal, without};
use crate::call::Call;
use crate::fault::Fault;
use crate::sigv4;
use crate::state::State;
use crate::{console, federated, federation, iam, machine, oidc, portal, roles_anywhere, sts};

/// Serves until told to stop; open connections are cut.
pub(crate) fn serve(listener: std::net::TcpListener, state: &Arc<State>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    let runtime = runtime.expect("a runtime can be made");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a socket can be set to not block");
        let listener = tokio::net::TcpListener::from_std(listener).expect("the runtime takes the socket");
        let mut connections = JoinSet::new();
        tokio::pin!(stopped);
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                accepted = listener.accept() => {
                    if let Ok((stream, _)) = accepted {
                        connections.spawn(connection(stream, state.clone()));
                    }
                }
                _ = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    });
    runtime.shutdown_timeout(Duration::ZERO);
}

/// Never in the log.
const SECRETS: [&str; 11] = [
    "TokenCode",
    "WebIdentityToken",
    "SAMLAssertion",
    "clientSecret",
    "deviceCode",
    "code",
    "codeVerifier",
    "accessToken",
    "refreshToken",
    "Session",
    "SigninToken",
];

/// Who is asked, and what, where the path says it.
#[derive(Clone, Copy, Debug)]
enum Service {
    Query,
    Portal(&'static str),
    Oidc(&'static str),
    RolesAnywhere,
    /// Beside the machine that clients run on.
    Machine(&'static str),
    /// The console's federation endpoint, and what is behind it.
    Federation,
    /// Behind `aws login`.
    Console,
    /// A person's browser there.
    ConsoleBrowser,
    /// A person's browser.
    Browser,
}

impl Service {
    fn of(path: &str) -> Self {
        match path {
            "/federation/credentials" => Self::Portal("GetRoleCredentials"),
            "/assignment/accounts" => Self::Portal("ListAccounts"),
            "/assignment/roles" => Self::Portal("ListAccountRoles"),
            "/logout" => Self::Portal("Logout"),
            "/client/register" => Self::Oidc("RegisterClient"),
            "/device_authorization" => Self::Oidc("StartDeviceAuthorization"),
            "/token" => Self::Oidc("CreateToken"),
            "/authorize" => Self::Browser,
            "/sessions" => Self::RolesAnywhere,
            "/federation" | federation::LANDING => Self::Federation,
            "/v1/token" => Self::Console,
            "/v1/authorize" => Self::ConsoleBrowser,
            _ => machine::operation(path).map_or(Self::Query, Self::Machine),
        }
    }

    fn parameters(self, parts: &Parts, body: &[u8]) -> sts::Parameters {
        match self {
            Self::Query => form_urlencoded::parse(body).into_owned().collect(),
            Self::Machine(_) => sts::Parameters::new(),
            Self::Portal(_) | Self::Browser | Self::ConsoleBrowser => of_query(parts),
            Self::Federation => {
                of_query(parts).into_iter().chain(form_urlencoded::parse(body).into_owned()).collect()
            }
            Self::Oidc(_) | Self::Console => of_json(body),
            Self::RolesAnywhere => of_query(parts).into_iter().chain(of_json(body)).collect(),
        }
    }

    fn refuse(self, refusal: &Refusal) -> Answer {
        match self {
            Self::Query => refusal.answer(),
            Self::Portal(_) | Self::RolesAnywhere | Self::Machine(_) => refusal.of_portal(),
            Self::Oidc(_) | Self::Browser => refusal.of_oidc(),
            Self::Console | Self::ConsoleBrowser => refusal.of_console(),
            Self::Federation => Answer { content_type: "text/html", ..refusal.answer() },
        }
    }
}

fn of_query(parts: &Parts) -> sts::Parameters {
    form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}

fn of_json(body: &[u8]) -> sts::Parameters {
    let body: serde_json::Map<_, serde_json::Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: serde_json::Value| value.as_str().map_or(value.to_string(), str::to_owned);
    body.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// The connection is to be reset.
#[derive(Debug)]
struct Reset;

impl std::fmt::Display for Reset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("reset")
    }
}

impl std::error::Error for Reset {}

async fn connection(stream: tokio::net::TcpStream, state: Arc<State>) {
    let Ok(socket) = stream.as_fd().try_clone_to_owned() else { return };
    let socket: Arc<OwnedFd> = Arc::new(socket);
    let of_the_service = socket.clone();
    let service = service_fn(move |request| {
        let (state, socket) = (state.clone(), of_the_service.clone());
        async move {
            let Ok(answer) = handle(request, &state).await;
            answer.ok_or_else(|| {
                // Nothing lingers: closing sends RST.
                let _ = rustix::net::sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
                Reset
            })
        }
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// `None`: no answer at all.
async fn handle(request: Request<Incoming>, state: &State) -> Result<Option<Response<Sent>>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else { return Ok(None) };
    let service = Service::of(parts.uri.path());
    let mut parameters = service.parameters(&parts, &body);
    let operation = match service {
        Service::Query => parameters.remove("Action").unwrap_or_default(),
        Service::Federation => {
            let action = parameters.remove("Action").unwrap_or_default();
            federation::operation(parts.uri.path(), &action)
        }
        Service::Portal(operation) | Service::Oidc(operation) | Service::Machine(operation) => {
            operation.to_owned()
        }
        Service::RolesAnywhere => "CreateSession".to_owned(),
        Service::Console => "CreateOAuth2Token".to_owned(),
        Service::Browser | Service::ConsoleBrowser => "Authorize".to_owned(),
    };
    let claimed = sigv4::claimed(&parts);
    let _under_way = state.log.begin(&operation);
    state.faults.pass(&operation).await;
    let fault = state.faults.next(&operation).unwrap_or(Fault::None);
    match fault {
        Fault::Slow(time) => tokio::time::sleep(time).await,
        Fault::Hang => std::future::pending().await,
        _ => {}
    }
    let is_truncated = matches!(fault, Fault::Truncated);
    let answer = meet(fault, service, &operation, &parameters, &parts, &body, state);
    parameters.remove("Version");
    for name in SECRETS {
        parameters.entry(name.into()).and_modify(|value| "******".clone_into(value));
    }
    let call = Call {
        operation,
        at: state.clock.now().as_second(),
        parameters,
        signer: claimed.as_ref().map(|(signer, _)| signer.clone()),
        region: claimed.map(|(_, region)| region),
        status: answer.as_ref().map_or(0, |answer| answer.status),
        error: answer.as_ref().and_then(|answer| answer.error.clone()),
        issued: answer.as_ref().and_then(|answer| answer.issued.clone()),
    };
    state.log.add(call);
    Ok(answer.map(|answer| {
        let mut response = Response::builder()
            .status(answer.status)
            .header("content-type", answer.content_type)
            .header("date", state.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
            .header("x-amzn-requestid", crate::identity::request_id());
        if let Some(error) = answer.error.filter(|_| answer.content_type == "application/json") {
            response = response.header("x-amzn-errortype", error);
        }
        if let Some(location) = answer.location {
            response = response.header("location", location);
        }
        response.body(Sent::new(answer.body, is_truncated)).expect("the headers are plain")
    }))
}

/// What is sent of an answer: all of it, or half of what its length promises.
struct Sent {
    next: Option<Bytes>,
    promised: usize,
}

impl Sent {
    fn new(text: String, is_truncated: bool) -> Self {
        let text = Bytes::from(text);
        let sent = if is_truncated { text.len() / 2 } else { text.len() };
        Self { next: Some(text.slice(..sent)), promised: text.len() }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Reset;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Reset>>> {
        Poll::Ready(match self.next.take() {
            Some(bytes) => {
                self.promised -= bytes.len();
                Some(Ok(Frame::data(bytes)))
            }
            None => (self.promised > 0).then_some(Err(Reset)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.promised == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised as u64)
    }
}

/// The answer after the fault that lies in wait, if any.
fn meet(
    fault: Fault,
    service: Service,
    operation: &str,
    parameters: &sts::Parameters,
    parts: &Parts,
    body: &[u8],
    state: &State,
) -> Option<Answer> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let url = format!("http://{}", header("host").unwrap_or_default());
    let right = || {
        let answer = match service {
            // Both services speak the query protocol; the version tells them apart.
            Service::Query if parameters.get("Version").is_some_and(|version| version == iam::VERSION) => {
                sigv4::verify(parts, body, "iam", state)
                    .and_then(|signer| iam::answer(operation, parameters, &signer, state))
            }
            Service::Query if federated::is_federated(operation) => {
                federated::answer(operation, parameters, state)
            }
            Service::Query => sigv4::verify(parts, body, "sts", state)
                .and_then(|signer| sts::answer(operation, parameters, &signer, state)),
            Service::Portal(_) => {
                portal::answer(operation, parameters, header("x-amz-sso_bearer_token"), state)
            }
            Service::Oidc(_) => oidc::answer(operation, body, &url, state),
            Service::RolesAnywhere => roles_anywhere::answer(parameters, parts, body, state),
            Service::Machine(_) => machine::answer(operation, parts, state),
            Service::Federation => Ok(federation::answer(operation, parameters, parts, state)),
            Service::Browser => oidc::authorize(parameters, state),
            Service::Console => console::answer(body, header("dpop"), &url, state),
            Service::ConsoleBrowser => console::authorize(parameters, &url, state),
        };
        answer.unwrap_or_else(|refusal| service.refuse(&refusal))
    };
    met(fault, service, &right)
}

fn met(fault: Fault, service: Service, right: &dyn Fn() -> Answer) -> Option<Answer> {
    match fault {
        Fault::None | Fault::Slow(_) | Fault::Hang | Fault::Truncated => Some(right()),
        Fault::Late(fault) => {
            let answer = right();
            met(*fault, service, &|| answer.clone())
        }
        Fault::Reset => None,
        Fault::Error { status, code, message } => Some(service.refuse(&Refusal::new(status, &code, message))),
        Fault::Html(status) => Some(Answer {
            status,
            content_type: "text/html",
            body: "<html><head><title>Sign in</title></head><body>Captive portal</body></html>".into(),
            error: None,
            issued: None,
            location: None,
        }),
        Fault::Malformed => {
            let right = right();
            let half = right.body.len() / 2;
            Some(Answer { body: right.body[..half].to_owned(), ..right })
        }
        Fault::Missing(element) => {
            let right = right();
            Some(Answer { body: without(&right.body, &element), ..right })
        }
    }
}
