# Builds the server with its adapters. The first stage makes wheels of what is ours; the last one has no build tools and no tests.
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock requirements.server.lock ./
RUN python -m venv tools && tools/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
    && python -m venv --without-pip /opt/mains \
    && pip --python /opt/mains/bin/python install --no-cache-dir --require-hashes -r requirements.server.lock
COPY pyproject.toml README.md LICENSE ./
COPY server server
COPY schema schema
COPY plugins plugins
RUN for project in . plugins/spi plugins/district_heating plugins/electricity_retail plugins/example_cold_water plugins/spot_prices plugins/payment_sandbox plugins/sms_sandbox; do \
        tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheels "./$project" || exit 1; \
    done \
    && pip --python /opt/mains/bin/python install --no-cache-dir --no-index --no-deps wheels/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin mains
COPY --from=build /opt/mains /opt/mains
ENV PATH=/opt/mains/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MAINS_HOST=0.0.0.0 MAINS_PORT=8000
USER mains
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=2)"]
CMD ["mains", "serve"]
